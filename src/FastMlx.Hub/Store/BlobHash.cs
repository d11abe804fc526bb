namespace FastMlx.Hub;

/// <summary>
/// Names of blobs are hashes: 64 hex digits are the SHA-256 of a large file, 40 the git SHA-1 of a small one.
/// </summary>
internal static class BlobHash
{
    public static bool IsSha256(string name) => name.Length == 64 && IsLowerHex(name);

    public static bool IsGitSha1(string name) => name.Length == 40 && IsLowerHex(name);

    public static bool IsLowerHex(string text) => text.All(char.IsAsciiHexDigitLower);
}
