namespace FastMlx.Hub;

/// <summary>Names and sizes of <see cref="TensorDtype"/>.</summary>
internal static class TensorDtypes
{
    public static bool TryParse(ReadOnlySpan<byte> name, out TensorDtype dtype)
    {
        dtype = default;
        for (var candidate = TensorDtype.BOOL; candidate <= TensorDtype.U64; candidate++)
        {
            if (!name.SequenceEqual(Name(candidate)))
                continue;
            dtype = candidate;
            return true;
        }
        return false;
    }

    /// <summary>Bits of one element: 4 and 6 exist, so a tensor of these must fill whole bytes.</summary>
    public static int Bits(this TensorDtype dtype) => dtype switch
    {
        TensorDtype.F4 => 4,
        TensorDtype.F6_E2M3 or TensorDtype.F6_E3M2 => 6,
        TensorDtype.I16 or TensorDtype.U16 or TensorDtype.F16 or TensorDtype.BF16 => 16,
        TensorDtype.I32 or TensorDtype.U32 or TensorDtype.F32 => 32,
        TensorDtype.C64 or TensorDtype.F64 or TensorDtype.I64 or TensorDtype.U64 => 64,
        _ => 8,
    };

    private static ReadOnlySpan<byte> Name(TensorDtype dtype) => dtype switch
    {
        TensorDtype.BOOL => "BOOL"u8,
        TensorDtype.F4 => "F4"u8,
        TensorDtype.F6_E2M3 => "F6_E2M3"u8,
        TensorDtype.F6_E3M2 => "F6_E3M2"u8,
        TensorDtype.U8 => "U8"u8,
        TensorDtype.I8 => "I8"u8,
        TensorDtype.F8_E5M2 => "F8_E5M2"u8,
        TensorDtype.F8_E4M3 => "F8_E4M3"u8,
        TensorDtype.F8_E8M0 => "F8_E8M0"u8,
        TensorDtype.F8_E4M3FNUZ => "F8_E4M3FNUZ"u8,
        TensorDtype.F8_E5M2FNUZ => "F8_E5M2FNUZ"u8,
        TensorDtype.I16 => "I16"u8,
        TensorDtype.U16 => "U16"u8,
        TensorDtype.F16 => "F16"u8,
        TensorDtype.BF16 => "BF16"u8,
        TensorDtype.I32 => "I32"u8,
        TensorDtype.U32 => "U32"u8,
        TensorDtype.F32 => "F32"u8,
        TensorDtype.C64 => "C64"u8,
        TensorDtype.F64 => "F64"u8,
        TensorDtype.I64 => "I64"u8,
        _ => "U64"u8,
    };
}
