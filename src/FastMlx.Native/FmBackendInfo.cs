using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>fm_backend_info; the layout is checked by a test.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FmBackendInfo
{
    public int Mlx;
    public int MlxGpu;
    public Version MlxVersion;
    public Name Device;
    public ulong MemoryBytes;
    public ulong WorkingSetBytes;
    public ulong LimitBytes;
    public ulong ActiveBytes;
    public ulong CachedBytes;

    /// <summary>char[32], ended by a zero byte.</summary>
    [InlineArray(32)]
    public struct Version
    {
        private byte _first;
    }

    /// <summary>char[64], ended by a zero byte.</summary>
    [InlineArray(64)]
    public struct Name
    {
        private byte _first;
    }
}
