using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>Owns an fm_model. Closing it waits for steps in flight.</summary>
internal sealed class ModelHandle : SafeHandle
{
    public ModelHandle(nint model)
        : base(0, ownsHandle: true) => SetHandle(model);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.fm_model_close(handle);
        return true;
    }
}
