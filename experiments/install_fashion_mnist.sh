#!/bin/sh
# Fashion-MNIST, all 70,000 images, from Debian's package, put where `--dataset fashion_mnist` looks for it.
# Run it with the Python that memjax is installed in first on the PATH, or give that Python as the argument.
set -eu
python=${1:-python3}
folder=/usr/share/datasets/fashion-mnist

unfetched() {
  echo "error: Debian's package dataset-fashion-mnist could not be installed: $1; expected Debian, a network and" \
    "root. Or put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and" \
    "t10k-labels-idx1-ubyte.gz of Fashion-MNIST into a folder and run:" \
    "$python -m memjax.run seed fashion_mnist FOLDER" >&2
  exit 1
}

install() { # without retries, so that apt gives up soon where there is no network
  apt-get -qq -o Acquire::Retries=0 update &&
    apt-get -qq -o Acquire::Retries=0 install -y --no-install-recommends dataset-fashion-mnist
}

if [ ! -e "$folder/train-images-idx3-ubyte.gz" ]; then
  said=$(install 2>&1) || unfetched "$(echo "$said" | tail -n 1 | tr -d '\r' | cut -c 1-200)"
  [ -e "$folder/train-images-idx3-ubyte.gz" ] || unfetched "it installed nothing into $folder"
fi
# This checks the SHA-256 of all images and labels before it copies the files.
"$python" -m memjax.run seed fashion_mnist "$folder"
