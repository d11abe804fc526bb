using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace FastMlx.Hub;

/// <summary>
/// The validated header of a safetensors file. What <see cref="Read"/> returns keeps every rule of the format: no
/// engine that trusts it can be led outside the file. Rules (stricter than the reference where it allows nonsense):
/// header at most 100 MB, an object of objects; no name twice; names of 1 to 512 bytes; at most 8 dimensions of 0 to
/// 2^31-1; sizes that do not overflow; offsets that cover the data from its first to its last byte exactly once.
/// </summary>
public sealed class SafetensorsHeader
{
    public const int HeaderBytesMax = 100_000_000;
    public const int NameBytesMax = 512;
    public const int RankMax = 8;
    private const int LengthBytes = 8;

    private SafetensorsHeader(string path, TensorEntry[] tensors, long dataStart, FileStamp stamp, byte[] digest)
    {
        Path = path;
        Tensors = tensors;
        DataStart = dataStart;
        Stamp = stamp;
        Digest = digest;
    }

    public string Path { get; }

    /// <summary>In the order of their bytes in the file.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Where the tensors' bytes begin, counted from the start of the file.</summary>
    public long DataStart { get; }

    public long FileBytes => Stamp.Bytes;

    public FileStamp Stamp { get; }

    /// <summary>SHA-256 of the header's bytes.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    /// <summary>Reads and checks; throws <see cref="ModelFileException"/> for whatever is wrong.</summary>
    public static SafetensorsHeader Read(string path)
    {
        try
        {
            CheckOpenable(path);
            using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            return ReadOpen(path, file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ModelFileException(ModelFileProblem.NotReadable, path,
                $"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Call after an engine has read the weights: throws <see cref="ModelFileProblem.Changed"/> where the file was
    /// truncated, rewritten or replaced since <see cref="Read"/>, so that what was loaded cannot be trusted.
    /// </summary>
    public void CheckUnchanged()
    {
        FileStamp now;
        try
        {
            now = FileStamp.Read(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(ModelFileProblem.Changed, Path,
                $"{Path} disappeared while it was being loaded. Load the model again once the file is complete.", e);
        }
        if (now != Stamp)
            throw new ModelFileException(ModelFileProblem.Changed, Path,
                $"{Path} changed while it was being loaded. Load the model again once nothing writes to it.");
    }

    // A pipe or device would block in open(2) or never end; all of them say that their length is 0.
    private static void CheckOpenable(string path)
    {
        var info = new FileInfo(path);
        if (Directory.Exists(path))
            throw new ModelFileException(ModelFileProblem.NotReadable, path, $"{path} is a folder, not a file.");
        if (!info.Exists)
            throw Missing(path);
        if (info.LinkTarget is null && info.Length < LengthBytes + 2)
            ThrowShort(path, info.Length);
        if (info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Length: < LengthBytes + 2 } target)
            ThrowShort(path, target.Length);
    }

    private static SafetensorsHeader ReadOpen(string path, SafeFileHandle file)
    {
        FileStamp stamp = FileStamp.Read(file);
        Span<byte> lengthBytes = stackalloc byte[LengthBytes];
        if (stamp.Bytes < LengthBytes + 2 || !FileReader.TryReadExactly(file, lengthBytes, 0))
            ThrowShort(path, stamp.Bytes);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > HeaderBytesMax)
            throw new ModelFileException(ModelFileProblem.HeaderTooLarge, path,
                $"{path} says that its header has {length} bytes; at most {HeaderBytesMax} are allowed. "
                + "This is not a safetensors file, or it is damaged: download it again.");
        if ((long)length > stamp.Bytes - LengthBytes)
            throw new ModelFileException(ModelFileProblem.Truncated, path,
                $"{path} ends inside its header ({stamp.Bytes} bytes, {length + LengthBytes} needed). "
                + "Download it again.");
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<TensorEntry> tensors = new SafetensorsHeaderReader(path, file, LengthBytes, (int)length, digest).Read();
        long dataStart = LengthBytes + (long)length;
        TensorEntry[] ordered = TensorLayout.Check(path, tensors, stamp.Bytes - dataStart);
        return new SafetensorsHeader(path, ordered, dataStart, stamp, digest.GetHashAndReset());
    }

    private static ModelFileException Missing(string path) => new(ModelFileProblem.Missing, path,
        $"{path} does not exist (or links to nothing). Download the model again (`fastmlx pull`).");

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void ThrowShort(string path, long bytes) =>
        throw new ModelFileException(ModelFileProblem.TooShort, path,
            $"{path} has only {bytes} bytes: not a safetensors file, or not downloaded completely. "
            + "Download it again.");
}
