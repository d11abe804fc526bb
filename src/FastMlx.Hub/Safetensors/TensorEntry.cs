namespace FastMlx.Hub;

/// <summary>
/// One tensor of a safetensors file. <see cref="Begin"/> and <see cref="End"/> count bytes from the end of the header.
/// </summary>
public sealed record TensorEntry(string Name, TensorDtype Dtype, int[] Shape, long Begin, long End)
{
    public long Bytes => End - Begin;
}
