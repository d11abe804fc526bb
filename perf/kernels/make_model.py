#!/usr/bin/env python3
"""A random checkpoint of Qwen3-0.6B's shape, 4-bit affine group 64 under bfloat16 (335 MB): make_model.py FOLDER.

For benches only: its text means nothing. Standard library only.
"""
import json
import os
import random
import struct
import sys

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, INNER, VOCAB = 1024, 28, 16, 8, 128, 3072, 151936
BITS, GROUP = 4, 64


def bf16(value):
    return struct.pack("<f", value)[2:]


def tensors():
    def matrix(path, rows, cols):
        groups = cols // GROUP
        scale = 2.0 / (15 * cols**0.5)
        yield f"{path}.weight", "U32", [rows, cols * BITS // 32], random.randbytes(rows * cols * BITS // 8)
        yield f"{path}.scales", "BF16", [rows, groups], bf16(scale) * (rows * groups)
        yield f"{path}.biases", "BF16", [rows, groups], bf16(-7.5 * scale) * (rows * groups)

    def ones(name, count):
        yield name, "BF16", [count], bf16(1.0) * count

    yield from matrix("model.embed_tokens", VOCAB, HIDDEN)
    yield from ones("model.norm.weight", HIDDEN)
    for i in range(LAYERS):
        path = f"model.layers.{i}"
        yield from ones(f"{path}.input_layernorm.weight", HIDDEN)
        yield from ones(f"{path}.post_attention_layernorm.weight", HIDDEN)
        yield from ones(f"{path}.self_attn.q_norm.weight", HEAD_DIM)
        yield from ones(f"{path}.self_attn.k_norm.weight", HEAD_DIM)
        yield from matrix(f"{path}.self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN)
        yield from matrix(f"{path}.self_attn.k_proj", KV_HEADS * HEAD_DIM, HIDDEN)
        yield from matrix(f"{path}.self_attn.v_proj", KV_HEADS * HEAD_DIM, HIDDEN)
        yield from matrix(f"{path}.self_attn.o_proj", HIDDEN, HEADS * HEAD_DIM)
        yield from matrix(f"{path}.mlp.gate_proj", INNER, HIDDEN)
        yield from matrix(f"{path}.mlp.up_proj", INNER, HIDDEN)
        yield from matrix(f"{path}.mlp.down_proj", HIDDEN, INNER)


def main(folder):
    random.seed(1)
    os.makedirs(folder, exist_ok=True)
    header, at, parts = {}, 0, []
    for name, kind, shape, data in tensors():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for data in parts:
            file.write(data)
    config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD_DIM, "intermediate_size": INNER, "vocab_size": VOCAB, "rms_norm_eps": 1e-6,
        "rope_theta": 1000000, "max_position_embeddings": 40960, "tie_word_embeddings": True, "hidden_act": "silu",
        "torch_dtype": "bfloat16", "eos_token_id": 151645, "quantization": {"group_size": GROUP, "bits": BITS},
    }
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
