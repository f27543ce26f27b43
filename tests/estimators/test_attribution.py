"""Gradients and the methods made of them against NumPy: numerical derivatives, explicit inverses, retrained models."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from memjax.errors import InputError
from memjax.estimators.attribution.gradient_dot import gradient_cosine, gradient_dot, self_influence, tracin
from memjax.estimators.attribution.gradients import TILE, per_example_gradients, project, signs
from memjax.estimators.attribution.influence_function import influence_function
from memjax.estimators.attribution.last_layer import embedding_similarity, last_layer_features, representer
from memjax.estimators.attribution.trak import trak

RNG = np.random.default_rng(0)
MODELS, TRAIN, TEST, INPUTS, WIDTH, CLASSES = 2, 9, 4, 3, 4, 3
PARAMS = {"a": RNG.normal(size=(MODELS, INPUTS, WIDTH)), "b": RNG.normal(size=(MODELS, WIDTH, CLASSES))}
PARAMS = {name: leaf.astype(np.float32) for name, leaf in PARAMS.items()}
X, X_TEST = (RNG.normal(size=(count, INPUTS)).astype(np.float32) for count in (TRAIN, TEST))
Y, Y_TEST = np.arange(TRAIN) % CLASSES, np.arange(TEST) % CLASSES
SIZES = INPUTS * WIDTH, WIDTH * CLASSES


def network(params, state, inputs):
    return jnp.tanh(inputs @ params["a"]) @ params["b"] + state["shift"]


STATE = {"shift": np.zeros((MODELS, 1), np.float32)}


def rows():
    """The parameters of each model in a row, in the order of jax's leaves."""
    return np.concatenate([leaf.reshape(MODELS, -1) for leaf in PARAMS.values()], axis=1).astype(float)


def logits_of(row, inputs):
    a, b = np.split(row, [SIZES[0]])
    return np.tanh(inputs @ a.reshape(INPUTS, WIDTH)) @ b.reshape(WIDTH, CLASSES)


def log_probability(row, inputs, labels):
    logits = logits_of(row, inputs)
    return (logits - np.log(np.exp(logits).sum(-1, keepdims=True)))[np.arange(len(labels)), labels]


def losses(row, inputs, labels):
    return -log_probability(row, inputs, labels)


def log_odds(row, inputs, labels):
    found = log_probability(row, inputs, labels)
    return found - np.log1p(-np.exp(found))


def derivatives(function, row, step=1e-5):
    """Central differences of a vector by each parameter: (length, parameters)."""
    moved = [(function(row + step * unit) - function(row - step * unit)) / (2 * step) for unit in np.eye(len(row))]
    return np.stack(moved, axis=-1)


@pytest.fixture(scope="module")
def gradients():
    """Of the loss on training examples and of the log odds on test examples, by central differences."""
    train = [derivatives(partial(losses, inputs=X, labels=Y), row) for row in rows()]
    test = [derivatives(partial(log_odds, inputs=X_TEST, labels=Y_TEST), row) for row in rows()]
    return np.array(train), np.array(test)


@pytest.mark.parametrize("memory", [2**28, 3 * 4 * sum(SIZES) * 4, 1])
def test_gradients_are_the_derivatives_whatever_is_computed_at_once(gradients, memory):
    train = per_example_gradients(network, PARAMS, STATE, X, Y, "loss", memory=memory)
    test = per_example_gradients(network, PARAMS, STATE, X_TEST, Y_TEST, memory=memory)

    np.testing.assert_allclose(train, gradients[0], atol=2e-5)
    np.testing.assert_allclose(test, gradients[1], atol=2e-4, rtol=1e-4)


def test_gradients_of_a_function_of_ones_own():
    found = per_example_gradients(network, PARAMS, STATE, X, Y, lambda logits, labels: logits[0, 0] * logits[0, 2])

    wanted = [derivatives(lambda row: logits_of(row, X)[:, 0] * logits_of(row, X)[:, 2], row) for row in rows()]
    np.testing.assert_allclose(found, wanted, atol=2e-4, rtol=1e-4)


def test_no_more_gradients_exist_at_one_time_than_the_memory_allows():
    """By the compiler's own count of what the program holds, for 60,000 examples of 100 models."""
    from memjax.estimators.attribution import gradients as code

    num_models, wide, bound = 100, 2_000, 2**24
    params = {"a": jnp.zeros((num_models, INPUTS, wide)), "b": jnp.zeros((num_models, wide, CLASSES))}
    state = {"shift": jnp.zeros((num_models, 1))}
    models, examples = code.at_once(num_models, 60_000, (INPUTS + CLASSES) * wide, bound)
    part = jax.tree.map(lambda leaf: leaf[:models], (params, state))
    given = *part, jnp.zeros((examples, INPUTS)), jnp.zeros(examples, int)
    program = code._gradients.lower(network, code.output_named("loss"), 64, 0, *given).compile()

    assert models * examples > 50
    assert program.memory_analysis().temp_size_in_bytes < bound


def test_projection_is_a_product_with_signs_and_keeps_inner_products_on_average():
    long, dims = RNG.normal(size=(3, TILE + 500)).astype(np.float32), 64
    matrix = np.concatenate([np.asarray(signs(jnp.int32(tile), dims, 5)) for tile in range(2)])

    np.testing.assert_allclose(project(jnp.asarray(long), dims, 5), long @ matrix[: TILE + 500] / 8, atol=1e-4)
    assert set(np.unique(matrix)) == {-1, 1}
    assert abs(matrix.mean()) < 4 / np.sqrt(matrix.size)
    assert abs((matrix[0] * matrix[1]).mean()) < 4 / np.sqrt(dims)
    first, second = RNG.normal(size=(2, 300, 800)).astype(np.float32)
    projected = (np.asarray(project(jnp.asarray(side), dims, 5)) for side in (first, second))
    errors = np.einsum("ij,ij->i", *projected) - np.einsum("ij,ij->i", first, second)
    errors /= np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1) / np.sqrt(dims)
    assert abs(errors.mean()) < 4 / np.sqrt(300)
    assert abs(errors.std() - 1) < 4 / np.sqrt(600)


@pytest.mark.slow
def test_projected_gradients_are_projections_of_the_gradients():
    whole = per_example_gradients(network, PARAMS, STATE, X, Y)

    found = per_example_gradients(network, PARAMS, STATE, X, Y, dims=32, seed=3, memory=1)

    np.testing.assert_allclose(found[1], project(jnp.asarray(whole[1]), 32, 3), atol=1e-4, rtol=1e-4)


def test_products_of_gradients_by_loops(gradients):
    train, test = gradients
    dot, cosine, steps, rates = np.zeros((3, TRAIN, TEST)), None, None, [0.5, 2.0]
    dot, cosine, steps = dot
    for m in range(MODELS):
        for i in range(TRAIN):
            for j in range(TEST):
                product = train[m, i] @ test[m, j]
                dot[i, j] -= product / MODELS
                cosine[i, j] -= product / np.linalg.norm(train[m, i]) / np.linalg.norm(test[m, j]) / MODELS
                steps[i, j] -= rates[m] * product

    np.testing.assert_allclose(gradient_dot(train, test), dot, atol=1e-5)
    np.testing.assert_allclose(gradient_cosine(train, test), cosine, atol=1e-5)
    np.testing.assert_allclose(tracin(train, test, rates), steps, atol=1e-5)
    np.testing.assert_allclose(self_influence(train), np.square(train).sum(2).mean(0), atol=1e-5)
    assert (gradient_cosine(train * 0, test) == 0).all()


def test_a_step_of_gradient_descent_moves_outputs_by_the_product(gradients):
    row, step = rows()[0], 1e-4
    dot = gradient_dot(gradients[0][:1], gradients[1][:1])

    for i in range(TRAIN):
        after = log_odds(row - step * gradients[0][0, i], X_TEST, Y_TEST)
        np.testing.assert_allclose((after - log_odds(row, X_TEST, Y_TEST)) / step, dot[i], atol=2e-2, rtol=1e-2)


@pytest.mark.parametrize("dims", [5, 24])  # fewer and more than training examples
def test_trak_is_the_formula_with_an_explicit_inverse(dims):
    train, test = RNG.normal(size=(MODELS, TRAIN, dims)), RNG.normal(size=(MODELS, TEST, dims))
    right = RNG.random((MODELS, TRAIN))
    wanted = np.zeros((TRAIN, TEST))
    for m in range(MODELS):
        penalty = 0.1 * np.trace(train[m] @ train[m].T) / min(TRAIN, dims)
        inverse = np.linalg.inv(train[m].T @ train[m] + penalty * np.eye(dims))
        wanted += (test[m] @ inverse @ train[m].T).T / MODELS
    wanted *= 1 - right.mean(0)[:, None]

    np.testing.assert_allclose(trak(train, test, right, penalty=0.1), wanted, rtol=2e-4, atol=1e-5)


def curvature_of(row, kind):
    if kind == "gauss-newton":
        jacobian = derivatives(lambda row: logits_of(row, X).ravel(), row).reshape(TRAIN, CLASSES, -1)
        probability = np.exp(logits_of(row, X)) / np.exp(logits_of(row, X)).sum(-1, keepdims=True)
        bent = np.einsum("ic,cd->icd", probability, np.eye(CLASSES)) - np.einsum("ic,id->icd", probability, probability)
        return np.einsum("icp,icd,idq->pq", jacobian, bent, jacobian) / TRAIN
    mean = partial(losses, inputs=X, labels=Y)
    return derivatives(lambda row: derivatives(lambda row: mean(row)[None].mean(), row), row, 1e-4).T


@pytest.mark.parametrize("kind", ["gauss-newton", "hessian"])
def test_influence_functions_are_the_formula_with_numerical_curvature(gradients, kind):
    one = jax.tree.map(lambda leaf: leaf[0], (PARAMS, STATE))
    inverse = np.linalg.inv(curvature_of(rows()[0], kind) + 0.5 * np.eye(sum(SIZES)))

    found = influence_function(network, *one, X, Y, X_TEST, Y_TEST, damping=0.5, curvature=kind, tolerance=1e-7)

    wanted = -gradients[0][0] @ inverse @ gradients[1][0].T / TRAIN
    np.testing.assert_allclose(found, wanted, atol=2e-4, rtol=2e-3)


def shaped(row):
    """The arrays of parameters as matrices, a gradient in a row taken apart."""
    return row[: SIZES[0]].reshape(INPUTS, WIDTH), row[SIZES[0] :].reshape(WIDTH, CLASSES)


def test_ek_fac_is_its_definition_in_loops(gradients):
    """Factors and corrected eigenvalues from the gradients of the loss with each label, weighted by its probability."""
    row = rows()[0]
    weights = np.exp(np.array([log_probability(row, X, np.full(TRAIN, c)) for c in range(CLASSES)])) / TRAIN
    labelled = [derivatives(partial(losses, inputs=X, labels=np.full(TRAIN, c)), row) for c in range(CLASSES)]
    wanted = np.zeros((TRAIN, TEST))
    for place in range(2):
        parts = [(weights[c, i], shaped(labelled[c][i])[place]) for c in range(CLASSES) for i in range(TRAIN)]
        u = np.linalg.eigh(sum(weight * part @ part.T for weight, part in parts))[1]
        v = np.linalg.eigh(sum(weight * part.T @ part for weight, part in parts))[1]
        values = sum(weight * (u.T @ part @ v) ** 2 for weight, part in parts)
        for i in range(TRAIN):
            for j in range(TEST):
                one, other = (u.T @ shaped(each)[place] @ v for each in (gradients[0][0, i], gradients[1][0, j]))
                wanted[i, j] -= (one * other / (values + 0.05)).sum() / TRAIN
    one = jax.tree.map(lambda leaf: leaf[0], (PARAMS, STATE))

    found = influence_function(network, *one, X, Y, X_TEST, Y_TEST, damping=0.05, curvature="ek-fac")

    np.testing.assert_allclose(found, wanted, atol=2e-4, rtol=2e-3)
    kernel = {**one[0], "a": one[0]["a"].reshape(INPUTS, 1, 1, WIDTH)}  # as of a convolution: pixels are inputs

    def by_kernel(params, state, inputs):
        return network({**params, "a": params["a"].reshape(INPUTS, WIDTH)}, state, inputs)

    again = influence_function(by_kernel, kernel, one[1], X, Y, X_TEST, Y_TEST, damping=0.05, curvature="ek-fac")
    np.testing.assert_allclose(again, found, atol=1e-5)


@pytest.mark.parametrize("curvature", ["gauss-newton", "hessian"])
def test_ek_fac_is_exact_where_the_curvature_is_a_kronecker_product(curvature):
    """One dense layer whose probabilities are those of no input: the inputs' second moments times diag p - p p'."""
    weights = np.zeros((INPUTS, CLASSES), np.float32)
    shifted = lambda params, state, inputs: linear(params, state, inputs) + jnp.array([0.5, -1.0, 0.0])  # noqa: E731
    given = shifted, weights, (), X, Y, X_TEST, Y_TEST

    found = influence_function(*given, damping=0.1, curvature="ek-fac")

    exact = influence_function(*given, damping=0.1, curvature=curvature, tolerance=1e-7)
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-5)
    assert np.abs(found).max() > 0.1


N = 400  # examples of a regression: leaving out one of them moves it a little


def linear(params, state, inputs):
    return inputs @ params


def minimum(inputs, labels, penalty, weights):
    """The weights that minimise the weighted mean loss + penalty |W|^2, by SciPy."""

    def objective(row):
        logits = inputs @ row.reshape(inputs.shape[1], CLASSES)
        logits = logits - logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        slope = inputs.T @ (weights[:, None] * (np.exp(log_p) - np.eye(CLASSES)[labels])) / len(labels)
        value = -(weights * log_p[np.arange(len(labels)), labels]).mean() + penalty * row @ row
        return value, slope.ravel() + 2 * penalty * row

    found = minimize(objective, np.zeros(inputs.shape[1] * CLASSES), jac=True, tol=1e-14, options={"maxiter": 5000})
    return found.x.reshape(inputs.shape[1], CLASSES)


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(N, 5)), rng.integers(0, CLASSES, N)
    inputs[:, 0] += labels
    return inputs, labels, rng.normal(size=(7, 5)), np.arange(7) % CLASSES


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gauss-newton", "hessian"])
def test_influence_functions_predict_what_leaving_out_an_example_does(regression, kind):
    """In penalised softmax regression, where the assumptions hold; the Gauss-Newton matrix is then the Hessian."""
    inputs, labels, test, test_labels = regression
    penalty, everyone = 0.02, np.ones(N)
    whole = minimum(inputs, labels, penalty, everyone)

    found = influence_function(
        linear, jnp.asarray(whole, jnp.float32), (), inputs.astype(np.float32), labels, test.astype(np.float32),
        test_labels, lambda logits, labels: logits[0, labels[0]], damping=2 * penalty, curvature=kind, tolerance=1e-6,
    )  # fmt: skip

    for i in range(0, N, N // 8):
        without = minimum(inputs, labels, penalty, everyone - (np.arange(N) == i))
        change = (test @ (whole - without))[np.arange(7), test_labels]
        np.testing.assert_allclose(found[i], change, atol=0.1 * np.abs(change).max() + 1e-4)


def test_representer_scores_add_up_to_the_logit(regression):
    inputs, labels, test, test_labels = regression
    whole = minimum(inputs, labels, 0.05, np.ones(N))
    probability = np.exp(inputs @ whole) / np.exp(inputs @ whole).sum(1, keepdims=True)

    found = representer(inputs[None], probability[None], labels, test[None], test_labels, penalty=0.05)

    np.testing.assert_allclose(found.sum(0), (test @ whole)[np.arange(7), test_labels], atol=1e-4)


def test_features_of_the_last_layer_are_what_it_gets():
    found = last_layer_features(network, PARAMS, STATE, X)
    wanted = np.tanh(np.einsum("ni,miw->mnw", X, PARAMS["a"]))

    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(
        embedding_similarity(found, found)[2, 5],
        np.mean([np.corrcoef(np.r_[one[2], -one[2]], np.r_[one[5], -one[5]])[0, 1] for one in wanted]), atol=1e-5,
    )  # fmt: skip
    with pytest.raises(InputError, match="does not end with a dense layer"):
        last_layer_features(lambda *given: network(*given) ** 3, PARAMS, STATE, X)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: per_example_gradients(network, PARAMS, STATE, X, Y[:3]), "9 inputs and 3 labels; expected one label"),
        (lambda: per_example_gradients(network, PARAMS, STATE, X, Y, "correct"), "output 'correct' is not known; give"),
        (lambda: per_example_gradients(network, PARAMS, STATE, X, Y, dims=40), "dims is 40; expected a multiple of 32"),
        (lambda: gradient_dot(np.ones((2, 3)), np.ones((2, 3, 4))), r"gradients have shapes \(2, 3\) and \(2, 3, 4\)"),
        (lambda: gradient_dot(np.ones((2, 3, 5)), np.ones((2, 3, 4))), "of the same models and dims"),
        (lambda: self_influence(np.full((1, 3, 5), np.nan)), "gradients hold values that are not finite"),
        (lambda: tracin(np.ones((2, 3, 5)), np.ones((2, 3, 5)), [1, -1]), "expected 2 numbers of 0 or more"),
        (lambda: trak(np.ones((2, 3, 5)), np.ones((2, 3, 5)), np.ones(4)), r"numbers from 0 to 1 \(2, 3\)"),
        (lambda: trak(np.ones((2, 3, 5)), np.ones((2, 3, 5)), np.ones(3), penalty=0.0), "penalty is 0.0; expected"),
        (lambda: influence_function(linear, np.ones((2, 3)), (), np.ones((4, 2)), np.zeros(4, int), np.ones((1, 2)),
                                    np.zeros(1, int), damping=0.0), "damping is 0.0; expected a number above 0"),
        (lambda: influence_function(linear, np.ones((2000, 3)), (), np.ones((4, 2000)), np.zeros(4, int),
                                    np.ones((1, 2000)), np.zeros(1, int), damping=1.0, curvature="hessian"),
         "Hessian of 6,000 parameters does not fit; give curvature='gauss-newton'"),
        (lambda: representer(np.ones((1, 3, 2)), np.ones((1, 4, 3)), np.zeros(3), np.ones((1, 2, 2)), np.zeros(2),
                             penalty=1.0), "do not fit features"),
        (lambda: embedding_similarity(np.ones((1, 3, 2)), np.ones((2, 3, 2))), "features have shapes"),
    ],
)  # fmt: skip
def test_wrong_inputs_say_what_was_expected(call, words):
    with pytest.raises(InputError, match=words):
        call()
