using System.Globalization;
using System.Text;
using FastMlx.Hub;
using Xunit;
using static FastMlx.Tests.Hub.SafetensorsBytes;

namespace FastMlx.Tests.Hub;

/// <summary>
/// Each kind of bad file that a loader in the field accepted, crashed on or hung on, and its siblings.
/// </summary>
public sealed class SafetensorsBadFileTests
{
    // header | data bytes | what must be said
    public static readonly TheoryData<string, string, int, ModelFileProblem> BadHeaders =
        new TheoryData<string, string, int, ModelFileProblem>
    {
        { "product overflow with no bytes",
            One("F32", "[65536,65536,65536,65536]", "[0,0]"), 0, ModelFileProblem.SizeOverflow },
        { "product overflow to a small size",
            One("F32", "[1073741824,1073741824,16]", "[0,0]"), 0, ModelFileProblem.SizeOverflow },
        { "overflow hidden by a zero",
            One("F32", "[0,65536,65536,65536,65536]", "[0,0]"), 0, ModelFileProblem.SizeOverflow },
        { "negative dims with a positive product", One("F32", "[-1,-1]", "[0,4]"), 4, ModelFileProblem.BadShape },
        { "negative dims", One("F32", "[-2,-4]", "[0,32]"), 32, ModelFileProblem.BadShape },
        { "dim wraps at 32 bits", One("F32", "[4294967300]", "[0,16]"), 16, ModelFileProblem.BadShape },
        { "dim just too large", One("U8", "[2147483648]", "[0,2147483648]"), 0, ModelFileProblem.BadShape },
        { "dim wraps at 64 bits", One("U8", "[18446744073709551620]", "[0,4]"), 4, ModelFileProblem.BadShape },
        { "float dim", One("F32", "[4.0]", "[0,16]"), 16, ModelFileProblem.BadShape },
        { "exponent dim", One("U8", "[1e1]", "[0,10]"), 10, ModelFileProblem.BadShape },
        { "minus zero dim", One("U8", "[-0]", "[0,0]"), 0, ModelFileProblem.BadShape },
        { "string dim", One("F32", "[\"4\"]", "[0,16]"), 16, ModelFileProblem.BadShape },
        { "null dim", One("F32", "[null]", "[0,4]"), 4, ModelFileProblem.BadShape },
        { "nested dim", One("F32", "[[4]]", "[0,16]"), 16, ModelFileProblem.BadShape },
        { "shape not a list", One("F32", "4", "[0,16]"), 16, ModelFileProblem.BadShape },
        { "rank 9", One("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, ModelFileProblem.BadShape },
        { "rank 100000",
            One("U8", "[" + string.Join(',', Enumerable.Repeat("1", 100_000)) + "]", "[0,1]"),
            1, ModelFileProblem.BadShape },
        { "offset wraps near 2^64", One("F32", "[4]", "[18446744073709551608,8]"), 16, ModelFileProblem.BadOffsets },
        { "negative offsets", One("F32", "[1]", "[-8,-4]"), 4, ModelFileProblem.BadOffsets },
        { "float offsets", One("F32", "[4]", "[0.0,16.0]"), 16, ModelFileProblem.BadOffsets },
        { "exponent offset", One("U8", "[10]", "[0,1e1]"), 10, ModelFileProblem.BadOffsets },
        { "one offset", One("F32", "[4]", "[16]"), 16, ModelFileProblem.BadOffsets },
        { "three offsets", One("F32", "[4]", "[0,16,16]"), 16, ModelFileProblem.BadOffsets },
        { "descending offsets", One("F32", "[4]", "[16,0]"), 16, ModelFileProblem.BadOffsets },
        { "string offsets", One("F32", "[4]", "[\"0\",\"16\"]"), 16, ModelFileProblem.BadOffsets },
        { "offsets an object", One("F32", "[4]", "{}"), 16, ModelFileProblem.BadOffsets },
        { "offsets beyond the file", One("F32", "[8]", "[0,32]"), 16, ModelFileProblem.Truncated },
        { "offsets far beyond the file", One("U8", "[2147483647]", "[0,2147483647]"), 16, ModelFileProblem.Truncated },
        { "overlap",
            $"{{{Entry("a", "U8", "[8]", "[0,8]")},{Entry("b", "U8", "[8]", "[4,12]")}}}",
            12, ModelFileProblem.Overlap },
        { "same bytes twice",
            $"{{{Entry("a", "U8", "[8]", "[0,8]")},{Entry("b", "U8", "[8]", "[0,8]")}}}", 8, ModelFileProblem.Overlap },
        { "empty tensor inside another",
            $"{{{Entry("a", "U8", "[8]", "[0,8]")},{Entry("b", "U8", "[0]", "[4,4]")}}}", 8, ModelFileProblem.Overlap },
        { "hole at the start", One("U8", "[4]", "[4,8]"), 8, ModelFileProblem.Hole },
        { "hole in the middle",
            $"{{{Entry("a", "U8", "[4]", "[0,4]")},{Entry("b", "U8", "[4]", "[8,12]")}}}", 12, ModelFileProblem.Hole },
        { "trailing bytes", One("U8", "[4]", "[0,4]"), 5, ModelFileProblem.TrailingBytes },
        { "data without tensors", "{}", 1, ModelFileProblem.TrailingBytes },
        { "size larger than the offsets", One("F32", "[5]", "[0,16]"), 16, ModelFileProblem.SizeMismatch },
        { "size smaller than the offsets", One("F32", "[3]", "[0,16]"), 16, ModelFileProblem.SizeMismatch },
        { "half a byte", One("F4", "[3]", "[0,1]"), 1, ModelFileProblem.SizeMismatch },
        { "duplicate name",
            $"{{{Entry("a", "U8", "[4]", "[0,4]")},{Entry("a", "U8", "[4]", "[4,8]")}}}",
            8, ModelFileProblem.DuplicateName },
        { "escaped twin",
            $"{{{Entry("a", "U8", "[4]", "[0,4]")},{Entry("\\u0061", "U8", "[4]", "[4,8]")}}}",
            8, ModelFileProblem.DuplicateName },
        { "metadata twice",
            $"{{\"__metadata__\":{{}},\"__metadata__\":{{}},{Entry("a", "U8", "[4]", "[0,4]")}}}",
            4, ModelFileProblem.DuplicateName },
        { "dtype twice",
            "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            4, ModelFileProblem.DuplicateName },
        { "escaped shape twin",
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"sh\\u0061pe\":[4],\"data_offsets\":[0,4]}}",
            4, ModelFileProblem.DuplicateName },
        { "name of 513 bytes",
            $"{{{Entry(new string('n', 513), "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "name of 257 two-byte letters",
            $"{{{Entry(new string('é', 257), "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "name of a megabyte",
            $"{{{Entry(new string('n', 1 << 20), "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "empty name", $"{{{Entry("", "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "NUL in a name", $"{{{Entry("a\\u0000b", "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "half surrogate in a name", $"{{{Entry("a\\ud83d", "U8", "[4]", "[0,4]")}}}", 4, ModelFileProblem.BadName },
        { "unknown dtype", One("F42", "[4]", "[0,4]"), 4, ModelFileProblem.BadDtype },
        { "lower-case dtype", One("f32", "[1]", "[0,4]"), 4, ModelFileProblem.BadDtype },
        { "dtype a number",
            "{\"a\":{\"dtype\":32,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, ModelFileProblem.BadDtype },
        { "no dtype", "{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, ModelFileProblem.BadEntry },
        { "no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, ModelFileProblem.BadEntry },
        { "no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, ModelFileProblem.BadEntry },
        { "unknown field",
            "{\"a\":{\"dtype\":\"U8\",\"order\":\"F\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            4, ModelFileProblem.BadEntry },
        { "tensor a list", "{\"a\":[4]}", 4, ModelFileProblem.BadEntry },
        { "tensor null", "{\"a\":null}", 0, ModelFileProblem.BadEntry },
        { "metadata a string", "{\"__metadata__\":\"x\"}", 0, ModelFileProblem.BadMetadata },
        { "metadata null", "{\"__metadata__\":null}", 0, ModelFileProblem.BadMetadata },
        { "metadata with a number", "{\"__metadata__\":{\"a\":1}}", 0, ModelFileProblem.BadMetadata },
        { "metadata with an object", "{\"__metadata__\":{\"a\":{}}}", 0, ModelFileProblem.BadMetadata },
        { "header a list", "[]", 0, ModelFileProblem.NotJson },
        { "header a string", "\"ab\"", 0, ModelFileProblem.NotJson },
        { "header a word", "null", 0, ModelFileProblem.NotJson },
        { "space before the header", " {}", 0, ModelFileProblem.NotJson },
        { "header cut", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],", 0, ModelFileProblem.NotJson },
        { "text after the header", "{}{}", 0, ModelFileProblem.NotJson },
        { "trailing comma", "{\"__metadata__\":{},}", 0, ModelFileProblem.NotJson },
        { "comment", "{/**/}", 0, ModelFileProblem.NotJson },
        { "single quotes", "{'a':1}", 0, ModelFileProblem.NotJson },
        { "leading zero", One("U8", "[04]", "[0,4]"), 4, ModelFileProblem.NotJson },
        { "NaN dim", One("U8", "[NaN]", "[0,4]"), 4, ModelFileProblem.NotJson },
        { "deep nesting", One("U8", new string('[', 50_000), "[0,4]"), 4, ModelFileProblem.BadShape },
        { "deep metadata", "{\"__metadata__\":" + new string('{', 10) , 0, ModelFileProblem.NotJson },
    };

    private static string One(string dtype, string shape, string offsets) =>
        "{" + Entry("w", dtype, shape, offsets) + "}";

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void BadHeader_IsRefusedWithItsKind(string what, string header, int dataBytes, ModelFileProblem kind)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("model.safetensors", Make(header, dataBytes));
        ModelFileException e = Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path));
        Assert.True(kind == e.Kind, $"{what}: {e.Kind} instead of {kind}: {e.Message}");
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
        Assert.True(e.Message.Length < 600, "a hostile name must not flood the terminal");
    }

    [Theory]
    [InlineData(0, null, ModelFileProblem.TooShort)]
    [InlineData(7, null, ModelFileProblem.TooShort)]
    [InlineData(9, null, ModelFileProblem.TooShort)]
    [InlineData(40, 33ul, ModelFileProblem.Truncated)]
    [InlineData(40, 100_000_000ul, ModelFileProblem.Truncated)]
    [InlineData(40, 100_000_001ul, ModelFileProblem.HeaderTooLarge)]
    [InlineData(40, ulong.MaxValue, ModelFileProblem.HeaderTooLarge)]
    [InlineData(40, 0x8000_0000_0000_0000ul, ModelFileProblem.HeaderTooLarge)]
    [InlineData(40, 0ul, ModelFileProblem.NotJson)]
    public void BadLength_IsRefused(int fileBytes, ulong? claimed, ModelFileProblem kind)
    {
        using var folder = new TemporaryFolder();
        byte[] file = new byte[fileBytes];
        if (claimed is { } length)
            BitConverter.TryWriteBytes(file, length);
        string path = folder.Write("model.safetensors", file);
        Assert.Equal(kind, Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path)).Kind);
    }

    [Theory]
    [InlineData(ModelFileProblem.BadName, "a\u00FF", false)]
    [InlineData(ModelFileProblem.BadMetadata, "a\u00FF", true)]
    public void InvalidUtf8_IsRefused(ModelFileProblem kind, string latin1, bool inMetadata)
    {
        using var folder = new TemporaryFolder();
        string text = inMetadata
            ? $"{{\"__metadata__\":{{\"k\":\"{latin1}\"}}}}"
            : $"{{{Entry(latin1, "U8", "[4]", "[0,4]")}}}";
        string path = folder.Write("model.safetensors", Make(Encoding.Latin1.GetBytes(text), 4));
        Assert.Equal(kind, Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path)).Kind);
    }

    [Fact]
    public void EveryTruncation_IsRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Make($"{{{Entry("a", "F32", "[40]", "[0,160]")},{Entry("b", "U8", "[7]", "[160,167]")}}}", 167);
        for (int length = 0; length < whole.Length; length++)
        {
            string path = folder.Write("model.safetensors", whole[..length]);
            Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path));
        }
        SafetensorsHeader.Read(folder.Write("model.safetensors", whole));
    }

    [Fact]
    public void MissingFileFolderAndDevice_AreTypedErrors()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(ModelFileProblem.Missing, Kind(folder["absent.safetensors"]));
        Assert.Equal(ModelFileProblem.NotReadable, Kind(folder.Path));
        Assert.Equal(ModelFileProblem.TooShort, Kind("/dev/zero"));
        File.CreateSymbolicLink(folder["link.safetensors"], "/dev/zero");
        Assert.Equal(ModelFileProblem.TooShort, Kind(folder["link.safetensors"]));
        File.CreateSymbolicLink(folder["dangling.safetensors"], folder["nowhere"]);
        Assert.Equal(ModelFileProblem.Missing, Kind(folder["dangling.safetensors"]));

        static ModelFileProblem Kind(string path) =>
            Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path)).Kind;
    }

    [Fact]
    public void HugeHeaderClaim_CostsNoMemory()
    {
        using var folder = new TemporaryFolder();
        byte[] file = Make("{}", 0, claimedLength: 90_000_000);
        string path = folder.Write("model.safetensors", file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFileException>(() => SafetensorsHeader.Read(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void ManyTensors_CostLittleMoreThanTheirText()
    {
        using var folder = new TemporaryFolder();
        var header = new StringBuilder("{");
        for (int i = 0; i < 100_000; i++)
            header.Append(i == 0 ? "" : ",")
                .Append(Entry(i.ToString("x", CultureInfo.InvariantCulture), "U8", "[1]", $"[{i},{i + 1}]"));
        byte[] file = Make(header.Append('}').ToString(), 100_000);
        string path = folder.Write("model.safetensors", file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(100_000, SafetensorsHeader.Read(path).Tensors.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L * file.Length + (1 << 20));
    }
}
