"""What is read from the text of a compiled program, on programs written by hand in the compilers' format."""
# ruff: noqa: E501

import pytest

from memjax.machine.chips import collectives, estimated_cycles, kernels

TPU = """\
HloModule jit_advance, is_scheduled=true

%fused_computation.1 (param_0: f32[8,64]) -> f32[8,64] {
  %param_0 = f32[8,64]{1,0} parameter(0)
  ROOT %tanh = f32[8,64]{1,0} tanh(%param_0), backend_config={"estimated_cycles":"999"}
}

%step (state: (s32[], f32[8,64])) -> (s32[], f32[8,64]) {
  %state = (s32[], f32[8,64]{1,0}) parameter(0)
  %fusion.1 = f32[8,64]{1,0} fusion(%x), kind=kLoop, calls=%fused_computation.1, backend_config={"flag_configs":[],"estimated_cycles":"7"}
  ROOT %tuple = (s32[], f32[8,64]{1,0}) tuple(%i, %fusion.1)
}

%of_steps (state: (s32[], f32[8,64])) -> pred[] {
  %constant.3.clone = s32[]{:T(128)} constant(16)
  ROOT %lt.1 = pred[] compare(%a, %constant.3.clone), direction=LT
}

%of_epochs (state: (s32[], f32[8,64])) -> pred[] {
  ROOT %lt.2 = pred[] compare(%a, %b), direction=LT
}

%recorded (x: f32[8]) -> f32[8] {
  ROOT %copy.2 = f32[8]{0} copy(%x), backend_config={"estimated_cycles":"50"}
}

%unchanged (x: f32[8]) -> f32[8] {
  ROOT %copy.3 = f32[8]{0} copy(%x), backend_config={"estimated_cycles":"1"}
}

%epoch (state: (s32[], f32[8,64])) -> (s32[], f32[8,64]) {
  %sort = s32[1005]{0} sort(%keys, %rows), dimensions={0}, backend_config={"estimated_cycles":"300"}
  %while.1 = (s32[], f32[8,64]{1,0}) while(%init), condition=%of_steps, body=%step
  %conditional.1 = f32[8]{0} conditional(%due, %a, %b), branch_computations={%unchanged, %recorded}
  ROOT %tuple.2 = (s32[], f32[8,64]{1,0}) tuple(%i, %y)
}

ENTRY %main.9 (ids: u32[8]) -> f32[8,64] {
  %ids = u32[8]{0} parameter(0)
  %copy.1 = f32[8,64]{1,0} copy(%ids), backend_config={"estimated_cycles":"20"}
  %while.2 = (s32[], f32[8,64]{1,0}) while(%start), condition=%of_epochs, body=%epoch
  ROOT %out = f32[8,64]{1,0} get-tuple-element(%while.2), index=1
}
"""


@pytest.mark.parametrize("epochs", [1, 60])
def test_by_hand(epochs):
    """16 steps of 7 cycles in an epoch, its sort, and the longer branch; what is inside a fusion belongs to it."""
    assert estimated_cycles(TPU, epochs) == 20 + epochs * (300 + 16 * 7 + 50)


def test_programs_that_wait_for_each_other_are_found():
    assert collectives(TPU) == []
    sent = "  %all-gather-start.1 = f32[16] all-gather-start(%x)\n  %p = f32[8] collective-permute(%x)\n"
    assert collectives(TPU + sent) == ["all-gather", "collective-permute"]
    assert collectives('  %fusion = f32[8] fusion(%x), metadata={op_name="send(all-reduce)"}') == []


def test_kernels_of_a_gpu_program():
    text = """\
ENTRY %main (x: bf16[8,28,28,32]) -> bf16[8,28,28,32] {
  %loop_fusion.1 = bf16[8,28,28,32]{3,2,1,0} fusion(%x), kind=kLoop, calls=%fused
  %cudnn-conv.1 = (bf16[8,28,28,32]{3,2,1,0}, u8[0]{0}) custom-call(%a, %b), custom_call_target="__cudnn$convForward"
  %bitcast = bf16[8,28,28,32]{3,2,1,0} bitcast(%y)
}
"""
    assert kernels(text) == 2
