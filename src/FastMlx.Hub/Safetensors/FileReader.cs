using Microsoft.Win32.SafeHandles;

namespace FastMlx.Hub;

internal static class FileReader
{
    /// <summary>Fills the span from the file; false where the file ends first.</summary>
    public static bool TryReadExactly(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(file, destination, offset);
            if (count == 0)
                return false;
            destination = destination[count..];
            offset += count;
        }
        return true;
    }

    /// <summary>A whole small file; throws where it is larger than <paramref name="bytesMax"/> or is missing.</summary>
    public static byte[] ReadSmall(string path, long bytesMax)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            long length = RandomAccess.GetLength(file);
            if (length > bytesMax)
                throw new ModelFileException(ModelFileProblem.NotSupported, path,
                    $"{path} has {length} bytes; at most {bytesMax} are allowed for this file.");
            var content = new byte[length];
            if (!TryReadExactly(file, content, 0))
                throw new ModelFileException(ModelFileProblem.Changed, path,
                    $"{path} became shorter while it was read. Try again once nothing writes to it.");
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException(ModelFileProblem.Missing, path, $"{path} does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ModelFileException(ModelFileProblem.NotReadable, path, $"{path} cannot be read: {e.Message}", e);
        }
    }
}
