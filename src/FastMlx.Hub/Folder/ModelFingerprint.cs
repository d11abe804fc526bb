using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace FastMlx.Hub;

/// <summary>
/// SHA-256 over config.json, and for each weights file its size, its header and either the name of the blob that it
/// links to (in a hub cache that is the SHA-256 of all its bytes) or samples of its data. Samples are what tells a
/// fine-tune from its base, whose headers are equal; they cost a few page reads, not a pass over the weights.
/// </summary>
internal static class ModelFingerprint
{
    private const int SamplesPerModel = 128;
    private const int SampleBytes = 256;

    public static string Compute(ReadOnlySpan<byte> config, IReadOnlyList<SafetensorsHeader> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("fastmlx model 1\n"u8);
        hash.AppendData(SHA256.HashData(config));
        Span<byte> size = stackalloc byte[8];
        foreach (SafetensorsHeader file in weights)
        {
            BinaryPrimitives.WriteInt64LittleEndian(size, file.FileBytes);
            hash.AppendData(size);
            hash.AppendData(file.Digest.Span);
            if (BlobName(file.Path) is { } blob)
                hash.AppendData(Encoding.ASCII.GetBytes(blob));
            else
                AppendSamples(hash, file, Math.Max(1, SamplesPerModel / weights.Count));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string? BlobName(string path)
    {
        if (new FileInfo(path).LinkTarget is not { } target)
            return null;
        string name = Path.GetFileName(target);
        bool inBlobs = Path.GetFileName(Path.GetDirectoryName(target)) == "blobs";
        return inBlobs && BlobHash.IsSha256(name) ? name : null;
    }

    // Tensors at even steps through the file, the middle of each: norms, projections and embeddings all get a share.
    private static void AppendSamples(IncrementalHash hash, SafetensorsHeader file, int samples)
    {
        using SafeFileHandle handle = File.OpenHandle(file.Path, share: FileShare.ReadWrite | FileShare.Delete);
        Span<byte> sample = stackalloc byte[SampleBytes];
        int count = Math.Min(samples, file.Tensors.Count);
        for (int i = 0; i < count; i++)
        {
            TensorEntry tensor = file.Tensors[(int)((long)i * file.Tensors.Count / count)];
            int length = (int)Math.Min(SampleBytes, tensor.Bytes);
            long offset = file.DataStart + tensor.Begin + (tensor.Bytes - length) / 2;
            if (!FileReader.TryReadExactly(handle, sample[..length], offset))
                throw new ModelFileException(ModelFileProblem.Changed, file.Path,
                    $"{file.Path} became shorter while it was read.");
            hash.AppendData(sample[..length]);
        }
    }
}
