"""Which slots has a schedule, and which of them get a run? Times in, slots out.

One question a file: which moment a text means (`moments`), which slots there are (`cron`,
`interval`, `one_date`, bounded by `timetable`), which of those that have passed still run
(`missed`), by how much a slot is put off (`jitter`), whether there is room for one more run
(`room`), which runs that have ended are kept (`kept`). A slot is a moment in UTC, in whole seconds.
Must not: know of objects, names or other policies.
"""
