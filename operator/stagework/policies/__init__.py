"""One question a file, answered by a function of what is seen and the time; nothing is read here.

A policy knows the resource types and no other policy: a plan composes them. Its answer is a small
named value (`RetryAt | GiveUp`), never a bare flag. Must not: make objects, write texts of a run's
own status, or know how the answer is carried out.
"""
