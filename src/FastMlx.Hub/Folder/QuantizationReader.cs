using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>
/// Reads `quantization` (MLX) or `quantization_config` (others). An entry without a mode is affine; defaults by mode
/// are affine (64, 4), mxfp4 (32, 4), nvfp4 (16, 4), mxfp8 (32, 8).
/// </summary>
internal static class QuantizationReader
{
    public static QuantizationFacts Read(JsonElement config, JsonElement text)
    {
        if (config.Object("quantization") is { } own)
            return new QuantizationFacts { Default = Spec(own), Layers = Layers(own) };
        if ((config.Object("quantization_config") ?? text.Object("quantization_config")) is not { } foreign)
            return new QuantizationFacts();
        string? method = foreign.Text("quant_method");
        // mlx-lm's older converter wrote its own block under this name too.
        if (method is null && foreign.Int("bits") is not null)
            return new QuantizationFacts { Default = Spec(foreign), Layers = Layers(foreign) };
        return new QuantizationFacts { Default = Converted(method, foreign), ForeignMethod = method ?? "unknown" };
    }

    private static QuantizationSpec? Converted(string? method, JsonElement block) => method switch
    {
        "mxfp4" => new QuantizationSpec(32, 4, "mxfp4"),
        "compressed-tensors" => block.Text("format") == "nvfp4-pack-quantized"
            ? new QuantizationSpec(16, 4, "nvfp4") : new QuantizationSpec(32, 4, "affine"),
        "awq" or "gptq" => new QuantizationSpec(block.Int("group_size") ?? 128, block.Int("bits") ?? 4, "affine"),
        _ => null,
    };

    private static QuantizationSpec Spec(JsonElement block)
    {
        string mode = block.Text("mode") ?? "affine";
        (int groupSize, int bits) = mode switch
        {
            "mxfp4" => (32, 4),
            "nvfp4" => (16, 4),
            "mxfp8" => (32, 8),
            _ => (64, 4),
        };
        return new QuantizationSpec(block.Int("group_size") ?? groupSize, block.Int("bits") ?? bits, mode);
    }

    private static Dictionary<string, QuantizationSpec?> Layers(JsonElement block)
    {
        var layers = new Dictionary<string, QuantizationSpec?>(StringComparer.Ordinal);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
                layers[property.Name] = Spec(property.Value);
            else if (property.Value.ValueKind == JsonValueKind.False)
                layers[property.Name] = null;
        }
        return layers;
    }
}
