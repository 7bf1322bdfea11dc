"""How large is the next chunk of a batch, when will the batch end, and how is a bad item found?

One question a file: what is measured of a chunk (`observed`), what a chunk costs (`fit`, by
`regime` and, without item times, `regression`), how large the next one is (`size`), when all have
ended (`batch_eta`, of `drawn_times`; `no_eta` where nothing can be said), what was said of earlier
batches (`earlier`), how it is corrected by those (`calibrate`) and what it was worth
(`estimate_error`), into which parts a chunk falls that failed (`split_failed`), and in which order
items are taken (`stride`). Nothing here reads a clock or an object, or changes anything; chance
comes as an argument. What it is worth is measured by `tests/bench` (`chunks`).
"""
