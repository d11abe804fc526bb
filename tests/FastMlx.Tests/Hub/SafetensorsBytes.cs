using System.Buffers.Binary;
using System.Text;

namespace FastMlx.Tests.Hub;

/// <summary>Makes safetensors files, good and bad, from a header's text.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Make(string header, int dataBytes, ulong? claimedLength = null) =>
        Make(Encoding.UTF8.GetBytes(header), dataBytes, claimedLength);

    public static byte[] Make(byte[] header, int dataBytes, ulong? claimedLength = null)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimedLength ?? (ulong)header.Length);
        header.CopyTo(file, 8);
        for (int i = 8 + header.Length; i < file.Length; i++)
            file[i] = (byte)(i * 31);
        return file;
    }

    public static string Entry(string name, string dtype, string shape, string offsets) =>
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";

    /// <summary>A small valid file: one F32 tensor of the given length.</summary>
    public static byte[] Small(string tensor = "w", int length = 4) =>
        Make($"{{{Entry(tensor, "F32", $"[{length}]", $"[0,{length * 4}]")}}}", length * 4);
}
