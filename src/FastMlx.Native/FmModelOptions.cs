using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>fm_model_options; the layout is checked by a test.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FmModelOptions
{
    public int Backend;
    public int Threads;
    public int MaxSlots;
    public int MaxStepTokens;
    public ulong StateBytesMax;
}
