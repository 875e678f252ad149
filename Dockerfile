# headrisk as a BIDS App:
#   docker build -t headrisk:0.1.0 .
#   docker run --rm --network none --user "$(id -u):$(id -g)" \
#     -v /path/to/bids:/data:ro -v /path/to/out:/out headrisk:0.1.0 /data /out participant
#
# Without a network, from wheels that were brought here (and a base image that is here):
#   python3.11 -m pip download --only-binary :all: --require-hashes -d wheels \
#     -r requirements/full.txt -r requirements/build.txt
#   docker build --network none --pull=false --build-arg PIP_NO_INDEX=1 -t headrisk:0.1.0 .

FROM python:3.11-slim AS build
ARG PIP_NO_INDEX=0
ENV PIP_NO_INDEX=${PIP_NO_INDEX} \
    PIP_FIND_LINKS=/build/wheels
WORKDIR /build
# wheel[s]: a folder that need not be there.
COPY requirements/ wheel[s]/ wheels/
RUN python -m venv /opt/headrisk \
 && /opt/headrisk/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
      -r wheels/full.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
      -r wheels/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src/ src/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /build/dist . \
 && /opt/headrisk/bin/pip install --no-cache-dir --no-deps /build/dist/*.whl

FROM python:3.11-slim
COPY --from=build /opt/headrisk /opt/headrisk
RUN useradd --create-home --uid 1000 headrisk
USER headrisk
WORKDIR /home/headrisk
ENV ORT_DISABLE_TELEMETRY=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    PATH=/opt/headrisk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["/opt/headrisk/bin/headrisk"]
