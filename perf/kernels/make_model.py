#!/usr/bin/env python3
"""A random checkpoint at a published model's true width: make_model.py SHAPE FOLDER [--layers N] [--tokenizer FOLDER]

Shapes: qwen3-0.6b, glm-4.5-air, qwen3-coder-30b-a3b, qwen3.5-35b-a3b, gpt-oss-20b. Fewer layers than published, but
every kind of layer; stored as mlx-community stores them: affine 4 bits in groups of 64 with 8-bit routers, gpt-oss with
mxfp4 experts and 8 bits elsewhere. For benches only: its text means nothing. --tokenizer copies tokenizer files there,
so that the folder can be served, --template a chat template; --fit makes the vocabulary the tokenizer's, where that is a
smaller one than the model's own. --dense f32 (or f16, bf16) stores plain weights in that format instead, which is what
MLX computes well with where it has no GPU. Standard library only; the same bytes every time.
"""
import argparse
import json
import os
import random
import shutil
import struct
import sys

import shapes

CHUNK = 16 << 20


def bf16(value):
    return struct.pack("<f", value)[2:]


DENSE = {"f32": ("F32", 4), "f16": ("F16", 2), "bf16": ("BF16", 2)}


def plain(kind, value):
    return bf16(value) if kind == "BF16" else struct.pack("<f" if kind == "F32" else "<e", value)


def repeated(unit, count):
    return lambda source: [unit * count]


def randoms(count):
    def pieces(source):
        for at in range(0, count, CHUNK):
            yield source.randbytes(min(CHUNK, count - at))
    return pieces


class Checkpoint:
    """Collects tensors as (name, type, shape, bytes, pieces); pieces are made when the file is written."""

    def __init__(self):
        self.tensors = []
        self.quantisation = {}
        self.vocab = None  # instead of the published one
        self.plain = None  # the format of plain weights instead of quantised ones

    def add(self, name, kind, shape, size, pieces):
        self.tensors.append((name, kind, shape, size, pieces))

    def vector(self, name, count, value=1.0, kind="BF16"):
        if self.plain and kind == "BF16":
            kind = DENSE[self.plain][0]
        unit = plain(kind, value)
        self.add(name, kind, [count], len(unit) * count, repeated(unit, count))

    def matrix(self, path, rows, cols, bits=4, group=64, experts=0, mode="affine"):
        lead, times = ([experts], experts) if experts else ([], 1)
        if self.plain:
            self.uniform(f"{path}.weight", lead + [rows, cols], times * rows * cols, 2.0 / cols**0.5)
            return
        total = times * rows * cols
        self.add(f"{path}.weight", "U32", lead + [rows, cols * bits // 32], total * bits // 8,
                 randoms(total * bits // 8))
        groups = total // group
        shape = lead + [rows, cols // group]
        if mode == "mxfp4":  # codes of 3 on average; 2^-8 keeps products in the order of one
            self.add(f"{path}.scales", "U8", shape, groups, repeated(bytes([127 - 8]), groups))
            return
        top = 2**bits - 1
        scale = 2.0 / (top * cols**0.5)
        self.add(f"{path}.scales", "BF16", shape, groups * 2, repeated(bf16(scale), groups))
        self.add(f"{path}.biases", "BF16", shape, groups * 2, repeated(bf16(-top / 2 * scale), groups))

    def uniform(self, name, shape, count, spread):
        """Numbers of a table of 65536, from -spread/2 to spread/2: fast to write without a library."""
        kind, size = DENSE[self.plain]
        table = [plain(kind, spread * (i / 65535 - 0.5)) for i in range(65536)]

        def pieces(source):
            for at in range(0, count, CHUNK // 4):
                drawn = struct.iter_unpack("<H", source.randbytes(2 * min(CHUNK // 4, count - at)))
                yield b"".join([table[index] for index, in drawn])
        self.add(name, kind, shape, size * count, pieces)

    def dense(self, path, shape):
        count = 1
        for size in shape:
            count *= size

        if self.plain:
            self.uniform(path, shape, count, 0.25)
            return

        def pieces(source):  # exponents around 2^-4, any sign and fraction
            for at in range(0, count, CHUNK // 2):
                raw = bytearray(source.randbytes(2 * min(CHUNK // 2, count - at)))
                raw[1::2] = bytes((b & 0x80) | 0x3D for b in raw[1::2])
                yield bytes(raw)
        self.add(path, "BF16", shape, 2 * count, pieces)

    def write(self, path):
        header, at = {}, 0
        for name, kind, shape, size, _ in self.tensors:
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size]}
            at += size
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for name, _, _, _, pieces in self.tensors:
                for piece in pieces(random.Random(name)):
                    file.write(piece)
        return at


def fit(tokenizer):
    """The keys of config.json that follow from a tokenizer."""
    with open(os.path.join(tokenizer, "tokenizer.json"), encoding="utf-8") as file:
        content = json.load(file)
    with open(os.path.join(tokenizer, "tokenizer_config.json"), encoding="utf-8") as file:
        end = json.load(file)["eos_token"]
    added = {one["content"]: one["id"] for one in content["added_tokens"]}
    largest = max(*content["model"]["vocab"].values(), *added.values())
    return {"vocab_size": largest // 64 * 64 + 64, "eos_token_id": added[end]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=sorted(shapes.ALL))
    parser.add_argument("folder")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--dense", choices=sorted(DENSE))
    parser.add_argument("--tokenizer")
    parser.add_argument("--template")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    checkpoint = Checkpoint()
    vocabulary = fit(options.tokenizer) if options.fit else {}
    checkpoint.vocab = vocabulary.get("vocab_size")
    checkpoint.plain = options.dense
    config = shapes.ALL[options.shape](checkpoint, options.layers)
    config.update(vocabulary)
    if options.dense:
        for key in ("quantization", "quantization_config"):
            config.pop(key, None)
    total = checkpoint.write(os.path.join(options.folder, "model.safetensors"))
    with open(os.path.join(options.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
    if options.tokenizer:
        for name in os.listdir(options.tokenizer):
            if name.startswith("tokenizer") or name == "chat_template.jinja":
                shutil.copy(os.path.join(options.tokenizer, name), options.folder)
    if options.template:
        shutil.copyfile(options.template, os.path.join(options.folder, "chat_template.jinja"))
    print(f"{options.shape}: {total / 1e9:.2f} GB of tensors")


if __name__ == "__main__":
    sys.exit(main())
