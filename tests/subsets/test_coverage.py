import numpy as np

from memjax import subsets


def test_counts_and_bound_by_hand():
    counts = subsets.coverage(subsets.leave_one_out(4), 6)

    assert counts.num_out.tolist() == [2, 2, 1, 1]
    assert counts.num_in.tolist() == [4, 4, 5, 5]
    np.testing.assert_allclose(counts.stderr_bound[0], np.sqrt(1 / 16 + 1 / 8))
    assert counts.undefined == 0


def test_examples_without_a_score_are_counted():
    counts = subsets.coverage(subsets.leave_one_out(4), 3)

    assert counts.undefined == 1
    assert np.isinf(counts.stderr_bound[3])


def test_counts_do_not_depend_on_the_chunk_size():
    design = subsets.fixed_size(0, 30, 20)

    np.testing.assert_array_equal(
        subsets.coverage(design, 50, chunk=7).num_in, subsets.coverage(design, 50, chunk=64).num_in
    )


def test_lemma_2_1_at_the_papers_numbers():
    np.testing.assert_allclose(subsets.lemma_bound(0.7, 1000), 0.069, atol=5e-4)
    np.testing.assert_allclose(subsets.lemma_bound(0.5, 4000), 0.032, atol=5e-4)


def test_the_bound_of_complementary_pairs_is_that_of_their_differences():
    """Of 8 pairs each difference is 1 or -1: a mean with a standard error of up to sqrt(1 / 8)."""
    design = subsets.complementary(subsets.fixed_size(0, 20, 10))

    np.testing.assert_allclose(subsets.coverage(design, 16).stderr_bound, np.sqrt(1 / 8))
