# `fashion serve` in a container. ONNX Runtime computes: nothing that only training needs is installed, PyTorch least of
# all. How to use it: docs/serving.md. tests/serving/test_dockerfile.py goes through these steps without a container.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/fashion
COPY requirements-serve.txt ./
RUN /opt/fashion/bin/python -m pip install --require-hashes --no-deps --only-binary :all: --requirement requirements-serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/fashion/bin/python -m pip install --no-deps --no-build-isolation .
RUN /opt/fashion/bin/python -m pip uninstall --yes hatchling pathspec pluggy tomlkit trove-classifiers pip

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Fashion Images Classifier" org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/fashion /opt/fashion
ENV PATH=/opt/fashion/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FASHION_CACHE=/tmp/fashion
WORKDIR /srv
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Others can reach it, so it wants a key in $FASHION_API_KEY, or --open-to-all behind something that guards it.
ENTRYPOINT ["fashion", "serve", "--host", "0.0.0.0", "--port", "8000"]
CMD ["fashion-mnist"]
