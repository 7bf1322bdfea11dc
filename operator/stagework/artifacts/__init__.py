"""Where artifacts are kept: one Protocol, a folder (the default) and an S3-compatible store."""
