namespace FastMlx.Hub;

/// <summary>
/// The quantisation that config.json declares. <see cref="Layers"/> maps a module's path to its own packing, or to null
/// where the module is left dense; every other module follows <see cref="Default"/> if it has scales.
/// </summary>
public sealed record QuantizationFacts
{
    /// <summary>Null where the model is not quantised (or only in a form that the engine converts).</summary>
    public QuantizationSpec? Default { get; init; }

    public IReadOnlyDictionary<string, QuantizationSpec?> Layers { get; init; }
        = new Dictionary<string, QuantizationSpec?>();

    /// <summary>quant_method of a foreign format ("awq", "gptq", "fp8", "mxfp4", …), else null.</summary>
    public string? ForeignMethod { get; init; }

    public QuantizationSpec? Of(string module) =>
        Layers.TryGetValue(module, out QuantizationSpec? own) ? own : Default;
}
