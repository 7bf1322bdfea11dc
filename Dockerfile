# The operator, the API service and the listener: one image, told apart by the command. Built by
# `make images` (images/README.md says how), from a public base or from one made offline.
ARG BASE_IMAGE=debian:12-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c
FROM ${BASE_IMAGE} AS base
COPY build/packages.txt build/install-packages /build/
RUN sh /build/install-packages

FROM base AS python
COPY build/ /build/
RUN sh /build/install-python /opt/python

FROM base
COPY --from=python /opt/python /opt/python
COPY operator /opt/stagework
COPY build/board /opt/stagework/stagework/web/board/bundle
ENV PYTHONPATH=/opt/stagework:/opt/python PATH=/opt/python/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/stagework \
 && for word in operator:controllers api:web listener:listener; do \
      printf '#!/bin/sh\nexec python3 -m stagework.%s "$@"\n' "${word#*:}" \
        > "/usr/local/bin/stagework-${word%:*}"; \
      chmod 755 "/usr/local/bin/stagework-${word%:*}"; \
    done
USER 10001:10001
WORKDIR /tmp
CMD ["stagework-operator"]
