using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace FastMlx.Hub;

/// <summary>The hash that a blob's name promises, taken while its bytes pass.</summary>
internal sealed class BlobHasher : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly string _expected;

    public BlobHasher(string expected, long size)
    {
        _expected = expected;
        _hash = IncrementalHash.CreateHash(
            BlobHash.IsSha256(expected) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (BlobHash.IsGitSha1(expected))
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
    }

    public void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

    /// <summary>Call once, at the end.</summary>
    public bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _expected;

    public void Dispose() => _hash.Dispose();
}
