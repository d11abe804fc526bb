using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>The imports of fastmlx.h, in its order and with its names.</summary>
internal static partial class NativeMethods
{
    private const string Library = "fastmlx";

    [LibraryImport(Library)]
    internal static partial uint fm_abi_version();
}
