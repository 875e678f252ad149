# headrisk as a BIDS App:
#   docker build -t headrisk .
#   docker run --rm --network none --user "$(id -u):$(id -g)" \
#     -v /path/to/bids:/data:ro -v /path/to/out:/out headrisk audit /data /out participant

FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements/ requirements/
RUN python -m venv /opt/headrisk \
 && /opt/headrisk/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
      -r requirements/core.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
      -r requirements/build.txt
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
    PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["/opt/headrisk/bin/headrisk"]
