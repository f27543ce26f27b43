#!/bin/sh
# Fashion-MNIST, all 70,000 images, from Debian's package, put where `--dataset fashion_mnist` looks for it.
# Run it with the Python that memjax is installed in first on the PATH, or give that Python as the argument.
set -eu
folder=/usr/share/datasets/fashion-mnist
if [ ! -e "$folder/train-images-idx3-ubyte.gz" ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends dataset-fashion-mnist >/dev/null
fi
"${1:-python3}" -m memjax.run seed fashion_mnist "$folder"
