namespace FastMlx.Hub;

/// <summary>
/// Tensors of one kind of layer: how many modules, their parameters (elements before packing), bytes in the file, and
/// how they are stored ("4 bits, groups of 64, affine", "BF16", or several of them).
/// </summary>
public sealed record WeightGroup(string Kind, int Modules, long Parameters, long Bytes, string Storage);
