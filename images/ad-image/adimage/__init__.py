"""Nine stages that make an advertising picture, set its text, and measure the result.

One module a stage (`img_gen` ... `iou_eval`), each with a table `METHODS` and a function `run`.
What several stages need stands in modules with names of their own: `geometry`, `colours`,
`lettering`, `saliency` and so on. Everything runs on the processor, without a network and without
a model other than Tesseract's own language data; every output names the method that made it.
"""
