#!/bin/sh
# Makes the virtual environment that the Makefile runs everything in.
#   sh tools/bootstrap.sh VENV
# Needs no root and no system package where any of these is at hand: ensurepip, pip, virtualenv, uv.
# Where none is, it prints the one command that helps and stops.
set -eu
venv=${1:?usage: bootstrap.sh VENV}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "assay: $python is $("$python" -V 2>&1); Python 3.11 or later is needed: call make with PYTHON=/path/to/python3.11" >&2
    exit 2
}

make_venv() {
    rm -rf "$venv"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
    elif "$python" -c 'import virtualenv' 2>/dev/null; then
        "$python" -m virtualenv -q "$venv"
    elif command -v uv >/dev/null 2>&1; then
        uv venv -q --seed --python "$python" "$venv"
    elif "$python" -c 'import venv, pip' 2>/dev/null; then
        # Debian's split packages: venv without ensurepip, but a pip that can install into another prefix.
        "$python" -m venv --without-pip "$venv"
        "$python" -m pip -q --python "$venv/bin/python" install pip
    else
        echo "assay: this Python can make no virtual environment; run: apt-get install -y python3-venv" >&2
        exit 2
    fi
}

[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv
echo "assay: installing into $venv (first run only)" >&2
"$venv/bin/python" -m pip -q --disable-pip-version-check install -c tools/constraints.txt -e '.[dev]'
