namespace FastMlx.Hub;

/// <summary>How weights are packed: group size in elements, bits of one element, mode as MLX names it.</summary>
public readonly record struct QuantizationSpec(int GroupSize, int Bits, string Mode)
{
    public override string ToString() => $"{Bits} bits, groups of {GroupSize}, {Mode}";
}
