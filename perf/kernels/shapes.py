"""Published shapes for make_model.py: each function adds the tensors and returns config.json. Numbers from the models'
own public configurations; layers cut, every kind kept."""

AFFINE4 = {"group_size": 64, "bits": 4}
ROUTER = {"group_size": 64, "bits": 8}


def norms(c, path, hidden):
    c.vector(f"{path}.input_layernorm.weight", hidden)
    c.vector(f"{path}.post_attention_layernorm.weight", hidden)


def attention(c, path, hidden, heads, kv_heads, dim, bias=(), bits=4, q_times=1):
    for name, rows in (("q", q_times * heads * dim), ("k", kv_heads * dim), ("v", kv_heads * dim)):
        c.matrix(f"{path}.{name}_proj", rows, hidden, bits)
        if name in bias:
            c.vector(f"{path}.{name}_proj.bias", rows, 0.01)
    c.matrix(f"{path}.o_proj", hidden, heads * dim, bits)
    if "o" in bias:
        c.vector(f"{path}.o_proj.bias", hidden, 0.01)


def mlp(c, path, hidden, inner, experts=0, **how):
    c.matrix(f"{path}.gate_proj", inner, hidden, experts=experts, **how)
    c.matrix(f"{path}.up_proj", inner, hidden, experts=experts, **how)
    c.matrix(f"{path}.down_proj", hidden, inner, experts=experts, **how)


def ends(c, prefix, head, vocab, hidden, bits=4):
    vocab = c.vocab or vocab
    c.matrix(f"{prefix}embed_tokens", vocab, hidden, bits)
    c.vector(f"{prefix}norm.weight", hidden)
    if head:
        c.matrix(head, vocab, hidden, bits)


def router(c, quantised, path, experts, hidden):
    c.matrix(path, experts, hidden, 8)
    quantised[path] = ROUTER


def qwen3(c, layers):
    hidden, inner, vocab = 1024, 3072, 151936
    count = layers or 28
    ends(c, "model.", None, vocab, hidden)
    for i in range(count):
        path = f"model.layers.{i}"
        norms(c, path, hidden)
        c.vector(f"{path}.self_attn.q_norm.weight", 128)
        c.vector(f"{path}.self_attn.k_norm.weight", 128)
        attention(c, f"{path}.self_attn", hidden, 16, 8, 128)
        mlp(c, f"{path}.mlp", hidden, inner)
    return {
        "architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": hidden,
        "initializer_range": 0.02, "intermediate_size": inner, "max_position_embeddings": 40960,
        "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": count,
        "num_key_value_heads": 8, "quantization": AFFINE4, "quantization_config": AFFINE4, "rms_norm_eps": 1e-06,
        "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True,
        "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False,
        "vocab_size": vocab,
    }


def glm_air(c, layers):
    hidden, vocab, experts, inner = 4096, 151552, 128, 1408
    count = layers or 3
    quantised = dict(AFFINE4)
    ends(c, "model.", "lm_head", vocab, hidden)
    for i in range(count):
        path = f"model.layers.{i}"
        norms(c, path, hidden)
        attention(c, f"{path}.self_attn", hidden, 96, 8, 128, bias=("q", "k", "v"))
        if i == 0:
            mlp(c, f"{path}.mlp", hidden, 10944)
            continue
        c.dense(f"{path}.mlp.gate.weight", [experts, hidden])  # mlx-lm leaves this one dense
        c.vector(f"{path}.mlp.gate.e_score_correction_bias", experts, 0.0, "F32")
        mlp(c, f"{path}.mlp.switch_mlp", hidden, inner, experts)
        mlp(c, f"{path}.mlp.shared_experts", hidden, inner)
    return {
        "architectures": ["Glm4MoeForCausalLM"], "attention_bias": True, "attention_dropout": 0.0,
        "eos_token_id": [151329, 151336, 151338], "first_k_dense_replace": 1, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": hidden, "initializer_range": 0.02, "intermediate_size": 10944,
        "max_position_embeddings": 131072, "model_type": "glm4_moe", "moe_intermediate_size": inner, "n_group": 1,
        "n_routed_experts": experts, "n_shared_experts": 1, "norm_topk_prob": True, "num_attention_heads": 96,
        "num_experts_per_tok": 8, "num_hidden_layers": count, "num_key_value_heads": 8,
        "num_nextn_predict_layers": 1, "pad_token_id": 151329, "partial_rotary_factor": 0.5,
        "quantization": quantised, "quantization_config": quantised, "rms_norm_eps": 1e-05, "rope_scaling": None,
        "rope_theta": 1000000, "routed_scaling_factor": 1.0, "tie_word_embeddings": False, "topk_group": 1,
        "torch_dtype": "bfloat16", "transformers_version": "4.54.0", "use_cache": True, "use_qk_norm": False,
        "vocab_size": vocab,
    }


def qwen3_coder(c, layers):
    hidden, vocab, experts, inner = 2048, 151936, 128, 768
    count = layers or 6
    quantised = dict(AFFINE4)
    ends(c, "model.", "lm_head", vocab, hidden)
    for i in range(count):
        path = f"model.layers.{i}"
        norms(c, path, hidden)
        c.vector(f"{path}.self_attn.q_norm.weight", 128)
        c.vector(f"{path}.self_attn.k_norm.weight", 128)
        attention(c, f"{path}.self_attn", hidden, 32, 4, 128)
        router(c, quantised, f"{path}.mlp.gate", experts, hidden)
        mlp(c, f"{path}.mlp.switch_mlp", hidden, inner, experts)
    return {
        "architectures": ["Qwen3MoeForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "decoder_sparse_step": 1, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": hidden, "initializer_range": 0.02, "intermediate_size": 5472,
        "max_position_embeddings": 262144, "max_window_layers": 28, "mlp_only_layers": [],
        "model_type": "qwen3_moe", "moe_intermediate_size": inner, "norm_topk_prob": True,
        "num_attention_heads": 32, "num_experts": experts, "num_experts_per_tok": 8, "num_hidden_layers": count,
        "num_key_value_heads": 4, "output_router_logits": False, "qkv_bias": False, "quantization": quantised,
        "quantization_config": quantised, "rms_norm_eps": 1e-06, "rope_scaling": None, "rope_theta": 10000000,
        "router_aux_loss_coef": 0.0, "shared_expert_intermediate_size": 0, "sliding_window": None,
        "tie_word_embeddings": False, "torch_dtype": "bfloat16", "transformers_version": "4.52.3",
        "use_cache": True, "use_qk_norm": True, "use_sliding_window": False, "vocab_size": vocab,
    }


def qwen35_moe(c, layers):
    hidden, vocab, experts, inner = 2048, 248320, 256, 512
    keys, values = 16 * 128, 32 * 128
    count = layers or 4
    quantised = dict(AFFINE4, mode="affine")
    ends(c, "language_model.model.", "language_model.lm_head", vocab, hidden)
    for i in range(count):
        path = f"language_model.model.layers.{i}"
        norms(c, path, hidden)
        if (i + 1) % 4 == 0:
            c.vector(f"{path}.self_attn.q_norm.weight", 256)
            c.vector(f"{path}.self_attn.k_norm.weight", 256)
            attention(c, f"{path}.self_attn", hidden, 16, 2, 256, q_times=2)
        else:
            delta = f"{path}.linear_attn"
            c.matrix(f"{delta}.in_proj_qkv", 2 * keys + values, hidden)
            c.matrix(f"{delta}.in_proj_z", values, hidden)
            c.matrix(f"{delta}.in_proj_b", 32, hidden)
            c.matrix(f"{delta}.in_proj_a", 32, hidden)
            c.matrix(f"{delta}.out_proj", hidden, values)
            c.dense(f"{delta}.conv1d.weight", [2 * keys + values, 4, 1])
            c.vector(f"{delta}.A_log", 32, 0.5, "F32")
            c.vector(f"{delta}.dt_bias", 32, 0.1)
            c.vector(f"{delta}.norm.weight", 128)
        router(c, quantised, f"{path}.mlp.gate", experts, hidden)
        router(c, quantised, f"{path}.mlp.shared_expert_gate", 1, hidden)
        mlp(c, f"{path}.mlp.switch_mlp", hidden, inner, experts)
        mlp(c, f"{path}.mlp.shared_expert", hidden, inner)
    kinds = ["full_attention" if (i + 1) % 4 == 0 else "linear_attention" for i in range(count)]
    text = {
        "attention_bias": False, "attention_dropout": 0.0, "attn_output_gate": True, "bos_token_id": 248044,
        "dtype": "bfloat16", "eos_token_id": 248044, "full_attention_interval": 4, "head_dim": 256,
        "hidden_act": "silu", "hidden_size": hidden, "initializer_range": 0.02, "layer_types": kinds,
        "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32, "linear_value_head_dim": 128, "mamba_ssm_dtype": "float32",
        "max_position_embeddings": 262144, "mlp_only_layers": [], "model_type": "qwen3_5_moe_text",
        "moe_intermediate_size": inner, "mtp_num_hidden_layers": 1, "mtp_use_dedicated_embeddings": False,
        "num_attention_heads": 16, "num_experts": experts, "num_experts_per_tok": 8, "num_hidden_layers": count,
        "num_key_value_heads": 2, "output_router_logits": False, "partial_rotary_factor": 0.25,
        "rms_norm_eps": 1e-06,
        "rope_parameters": {"mrope_interleaved": True, "mrope_section": [11, 11, 10],
                            "partial_rotary_factor": 0.25, "rope_theta": 10000000, "rope_type": "default"},
        "router_aux_loss_coef": 0.001, "shared_expert_intermediate_size": 512, "tie_word_embeddings": False,
        "use_cache": True, "vocab_size": vocab,
    }
    return {
        "architectures": ["Qwen3_5MoeForConditionalGeneration"], "eos_token_id": [248046, 248044],
        "image_token_id": 248056, "model_type": "qwen3_5_moe", "quantization": quantised,
        "quantization_config": quantised, "text_config": text, "tie_word_embeddings": False,
        "transformers_version": "4.57.0.dev0", "video_token_id": 248057,
        "vision_config": {"depth": 27, "hidden_size": 1152, "model_type": "qwen3_5_moe"},
        "vision_end_token_id": 248054, "vision_start_token_id": 248053,
    }


def gpt_oss(c, layers):
    hidden, vocab, experts, inner = 2880, 201088, 32, 2880
    count = layers or 4
    quantised = {"group_size": 32, "bits": 4, "mode": "mxfp4"}
    eight = {"group_size": 64, "bits": 8}
    ends(c, "model.", "lm_head", vocab, hidden, 8)
    quantised["model.embed_tokens"] = quantised["lm_head"] = eight
    for i in range(count):
        path = f"model.layers.{i}"
        norms(c, path, hidden)
        attention(c, f"{path}.self_attn", hidden, 64, 8, 64, bias=("q", "k", "v", "o"), bits=8)
        for name in "qkvo":
            quantised[f"{path}.self_attn.{name}_proj"] = eight
        c.vector(f"{path}.self_attn.sinks", 64, 0.5)
        router(c, quantised, f"{path}.mlp.router", experts, hidden)
        c.vector(f"{path}.mlp.router.bias", experts, 0.01)
        mlp(c, f"{path}.mlp.experts", hidden, inner, experts, group=32, mode="mxfp4")
        for name, rows in (("gate", inner), ("up", inner), ("down", hidden)):
            c.dense(f"{path}.mlp.experts.{name}_proj.bias", [experts, rows])
    return {
        "architectures": ["GptOssForCausalLM"], "attention_bias": True, "attention_dropout": 0.0,
        "eos_token_id": 200002, "experts_per_token": 4, "head_dim": 64, "hidden_act": "silu", "hidden_size": hidden,
        "initial_context_length": 4096, "initializer_range": 0.02, "intermediate_size": inner,
        "layer_types": ["full_attention" if i % 2 else "sliding_attention" for i in range(count)],
        "max_position_embeddings": 131072, "model_type": "gpt_oss", "num_attention_heads": 64,
        "num_experts_per_tok": 4, "num_hidden_layers": count, "num_key_value_heads": 8,
        "num_local_experts": experts, "output_router_logits": False, "pad_token_id": 199999,
        "quantization": quantised, "quantization_config": quantised, "rms_norm_eps": 1e-05,
        "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
                         "original_max_position_embeddings": 4096, "rope_type": "yarn", "truncate": False},
        "rope_theta": 150000, "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0,
        "tie_word_embeddings": False, "transformers_version": "4.55.0.dev0", "use_cache": True, "vocab_size": vocab,
    }


ALL = {
    "qwen3-0.6b": qwen3, "glm-4.5-air": glm_air, "qwen3-coder-30b-a3b": qwen3_coder,
    "qwen3.5-35b-a3b": qwen35_moe, "gpt-oss-20b": gpt_oss,
}
