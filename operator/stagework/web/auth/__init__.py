"""Who is calling, and what the caller may do: authentication first, then authorization.

Both ask the API server (TokenReview, SubjectAccessReview, the Pod behind a token) and remember its
answers for a while. Nothing here reads or writes an artifact, and nothing believes what a request
says of itself: a caller is what the API server says of its token.

People come with a token, or sign in: a SignIn of theirs, whose maker an admission policy has
compared with whom it names, becomes a ticket of ten minutes. So the command line needs no account
but theirs.
"""
