using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>fm_model_info; the layout is checked by a test.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FmModelInfo
{
    public int VocabSize;
    public int ContextMax;
    public int CanTrim;
    public int CanSaveRows;
    public ulong WeightBytes;
    public ulong StateBytesPerToken;
    public ulong ScratchBytes;
    public Name Backend;
    public Name ModelType;

    /// <summary>char[32], ended by a zero byte.</summary>
    [InlineArray(32)]
    public struct Name
    {
        private byte _first;
    }
}
