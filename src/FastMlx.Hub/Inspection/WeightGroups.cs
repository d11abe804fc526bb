namespace FastMlx.Hub;

/// <summary>
/// Sorts a model's tensors into kinds of layers by their names, for people who ask what is in a file.
/// </summary>
public static class WeightGroups
{
    private static readonly string[] Order =
        ["embedding", "attention", "recurrent", "mlp", "experts", "shared expert", "router", "norms", "head", "other"];

    public static IReadOnlyList<WeightGroup> Of(ModelFolder model)
    {
        TensorEntry[] tensors = [.. model.Weights.SelectMany(w => w.Tensors)];
        HashSet<string> quantized = [.. tensors.Where(t => t.Name.EndsWith(".scales", StringComparison.Ordinal))
            .Select(t => Module(t.Name))];
        return [.. tensors.GroupBy(t => Kind(t.Name))
            .OrderBy(g => Array.IndexOf(Order, g.Key))
            .Select(g => Group(g.Key, [.. g], quantized, model.Config.Quantization))];
    }

    private static WeightGroup Group(string kind, TensorEntry[] tensors, HashSet<string> quantized,
        QuantizationFacts quantization)
    {
        long parameters = 0;
        var storages = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (TensorEntry tensor in tensors)
        {
            string module = Module(tensor.Name);
            QuantizationSpec? packing = quantized.Contains(module) ? quantization.Of(module) : null;
            bool isPacked = packing is not null && tensor.Dtype == TensorDtype.U32;
            if (packing is not null && !isPacked && IsScale(tensor.Name))
                continue;
            long elements = tensor.Shape.Aggregate(1L, (a, b) => a * b);
            long count = isPacked ? elements * 32 / Math.Max(1, packing!.Value.Bits) : elements;
            parameters += count;
            string storage = isPacked ? packing!.Value.ToString() : tensor.Dtype.ToString();
            storages[storage] = storages.GetValueOrDefault(storage) + count;
        }
        int modules = tensors.Select(t => Module(t.Name)).Distinct(StringComparer.Ordinal).Count();
        // What hardly counts (a bias beside a packed matrix) is not what a reader asks for.
        IEnumerable<string> main = storages.Where(s => s.Value * 100 >= parameters).OrderByDescending(s => s.Value)
            .Select(s => s.Key);
        return new WeightGroup(kind, modules, parameters, tensors.Sum(t => t.Bytes), string.Join("; ", main));
    }

    private static bool IsScale(string name) =>
        name.EndsWith(".scales", StringComparison.Ordinal) || name.EndsWith(".biases", StringComparison.Ordinal);

    private static string Module(string name) => name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;

    internal static string Kind(string name)
    {
        bool Has(string part) => name.Contains(part, StringComparison.Ordinal);
        string module = Module(name);
        if (Has("embed_tokens") || Has("embeddings.") || Has("wte."))
            return "embedding";
        if (Has("lm_head"))
            return "head";
        if (module.EndsWith("norm", StringComparison.Ordinal) || Has("layernorm") || Has("norm_f") || Has("_norm."))
            return "norms";
        if (Has("shared_expert"))
            return "shared expert";
        if (Has("switch_mlp") || Has("experts.") || Has("switch_glu"))
            return "experts";
        if (Has("router") || Has("e_score_correction_bias") || module.EndsWith("mlp.gate", StringComparison.Ordinal)
            || module.EndsWith("feed_forward.gate", StringComparison.Ordinal)
            || module.EndsWith("block_sparse_moe.gate", StringComparison.Ordinal))
            return "router";
        if (Has("linear_attn") || Has("conv") || Has("A_log") || Has("dt_bias") || Has("in_proj"))
            return "recurrent";
        if (Has("attn") || Has("attention"))
            return "attention";
        return Has("mlp") || Has("feed_forward") || Has("fc1") || Has("fc2") ? "mlp" : "other";
    }
}
