"""Writes the sample PipelineJobs, whose input addresses hold the sha256 of the sample documents.

python3 images/document/tools/make_jobs.py
"""

# ruff: noqa: E501  (a job a line)

from __future__ import annotations

import hashlib
from pathlib import Path

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"

JOBS = {
    "document-report.pdf": ("The tide mill at Carrow Creek", "A report as PDF: several pages with a table and a picture."),
    "document-minutes.docx": ("Minutes of the mill committee", "Minutes as DOCX, with a table."),
    "document-scan.jpg": ("The Miller's Almanac", "A scanned page: skewed, shaded, with noise; Tesseract reads it."),
    "document-korean.pdf": ("갯벌 물레방앗간 복원 보고서", "A Korean report as PDF."),
    "document-korean-scan.jpg": ("방앗간지기의 수첩", "A scanned Korean page."),
    "document-slides.pptx": ("A day at the tide mill", "Slides as PPTX, with a table, a picture and the speaker's notes."),
    "document-workbook.xlsx": ("Flour and visitors", "A workbook as XLSX: two sheets with numbers, dates and formulas."),
    "document-visit.html": ("Visit the tide mill", "A web page, in English and Korean."),
    "document-speech.opus": ("The tide is falling", "Speech: stt is skipped where no endpoint is set, and so is all that wants text."),
}  # fmt: skip


def main() -> None:
    """One job a document."""
    for file, (title, about) in JOBS.items():
        digest = hashlib.sha256((SAMPLES / file).read_bytes()).hexdigest()
        name = file.partition(".")[0]
        (SAMPLES / f"{name}.yaml").write_text(
            f"""\
# {about} Upload it first:
#   stagework upload manifests/samples/{file}
# which prints the address below (its middle part is the sha256 of the file).
apiVersion: stagework.dev/v1alpha1
kind: PipelineJob
metadata:
  name: {name}
spec:
  pipelineRef: {{name: document}}
  title: {title}
  input:
    uri: artifact://default/uploads/{digest}/{file}
""",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
