"""What can be told of a text by its characters: layout, sentences, keywords, scripts, markers.

Plain functions of texts and pages, and the search index over chunks. No vectors are computed here,
and no stranger's file is opened.
"""
