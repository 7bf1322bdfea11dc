"""From a stranger's file to pages: what it is, its text with places, its pictures, its sound.

`isolation` runs in the stage and starts `worker`, the child process in which all the other modules
open the file, with limits on memory and silence. A page that cannot be read is an answer with a
reason, and never the end of the others. What a page means (headings, paragraphs) is not judged
here but in `docpipe.text.layout`, and nothing is stored but what a task asks for.
"""
