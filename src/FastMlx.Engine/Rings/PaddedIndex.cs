using System.Runtime.InteropServices;

namespace FastMlx.Engine.Rings;

/// <summary>
/// An index with a distance of two cache lines on either side (64 bytes and the neighbour that the prefetcher takes
/// along), so that the index one thread writes never shares a line with what another one writes.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedIndex
{
    [FieldOffset(128)]
    public long Value;
}
