"""`python -m adimage <stage>`: runs one stage; without an argument the one that the Pod names."""

from __future__ import annotations

import sys

import cv2

import stagekit
from adimage import (
    img_gen,
    iou_eval,
    ocr_eval,
    overlay,
    planner,
    readability_eval,
    vlm_analyze,
    vlm_judge,
    yolo_detect,
)

STAGES = {
    module.STAGE: stagekit.per_item(module.run)
    for module in (
        img_gen,
        vlm_analyze,
        yolo_detect,
        planner,
        overlay,
        vlm_judge,
        ocr_eval,
        readability_eval,
        iou_eval,
    )
}
"""The nine stages, in their order; each goes through the items of a batch where there are any."""

if __name__ == "__main__":
    # A stage gets a share of a machine; more threads than two only fight for it.
    cv2.setNumThreads(2)
    sys.exit(stagekit.main(STAGES))
