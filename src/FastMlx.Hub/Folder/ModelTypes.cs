namespace FastMlx.Hub;

/// <summary>
/// Names under which one graph is known; the renames of mlx-lm and the families it maps onto another.
/// </summary>
public static class ModelTypes
{
    public static string Remap(string declared) => declared switch
    {
        "mistral" => "llama",
        "llava" => "mistral3",
        "kimi_k2" => "deepseek_v3",
        "joyai_llm_flash" => "deepseek_v3",
        "qwen2_5_vl" => "qwen2_vl",
        "minimax_m2" => "minimax",
        "iquestcoder" => "llama",
        "gemma4_unified" => "gemma4",
        "falcon_mamba" => "mamba",
        "phi-msft" => "phixtral",
        _ => declared,
    };
}
