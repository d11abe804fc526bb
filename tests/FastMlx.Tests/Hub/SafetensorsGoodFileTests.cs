using FastMlx.Hub;
using Xunit;
using static FastMlx.Tests.Hub.SafetensorsBytes;

namespace FastMlx.Tests.Hub;

public sealed class SafetensorsGoodFileTests
{
    [Fact]
    public void ValidFile_GivesItsTensorsInFileOrder()
    {
        using var folder = new TemporaryFolder();
        string header = "{\"__metadata__\":{\"format\":\"mlx\"},"
            + Entry("late", "BF16", "[2,3]", "[4,16]") + "," + Entry("early", "U8", "[4]", "[0,4]") + ","
            + Entry("none", "F32", "[0,7]", "[16,16]") + "," + Entry("scalar", "F64", "[]", "[16,24]") + "}   ";
        SafetensorsHeader file = SafetensorsHeader.Read(folder.Write("model.safetensors", Make(header, 24)));
        Assert.Equal(["early", "late", "none", "scalar"], file.Tensors.Select(t => t.Name));
        Assert.Equal(8 + header.Length, file.DataStart);
        Assert.Equal([2, 3], file.Tensors[1].Shape);
        Assert.Equal(TensorDtype.BF16, file.Tensors[1].Dtype);
        Assert.Equal(12, file.Tensors[1].Bytes);
    }

    [Theory]
    [InlineData("BOOL", 8)]
    [InlineData("U8", 8)]
    [InlineData("I8", 8)]
    [InlineData("F8_E4M3", 8)]
    [InlineData("F8_E5M2", 8)]
    [InlineData("F8_E8M0", 8)]
    [InlineData("I16", 16)]
    [InlineData("U16", 16)]
    [InlineData("F16", 16)]
    [InlineData("BF16", 16)]
    [InlineData("I32", 32)]
    [InlineData("U32", 32)]
    [InlineData("F32", 32)]
    [InlineData("I64", 64)]
    [InlineData("U64", 64)]
    [InlineData("F64", 64)]
    [InlineData("C64", 64)]
    [InlineData("F4", 4)]
    [InlineData("F6_E2M3", 6)]
    [InlineData("F6_E3M2", 6)]
    public void EveryDtype_HasItsSize(string dtype, int bits)
    {
        using var folder = new TemporaryFolder();
        byte[] file = Make($"{{{Entry("w", dtype, "[8]", $"[0,{bits}]")}}}", bits);
        Assert.Equal(bits, SafetensorsHeader.Read(folder.Write("model.safetensors", file)).Tensors[0].Bytes);
    }

    [Fact]
    public void NameOf512Bytes_AndRank8_AreTheLimits()
    {
        using var folder = new TemporaryFolder();
        string name = new('é', 256);
        byte[] file = Make($"{{{Entry(name, "U8", "[1,1,1,1,1,1,1,2]", "[0,2]")}}}", 2);
        Assert.Equal(name, SafetensorsHeader.Read(folder.Write("model.safetensors", file)).Tensors[0].Name);
    }

    [Fact]
    public void LongMetadata_CrossesPiecesOfTheReader()
    {
        using var folder = new TemporaryFolder();
        string header = "{\"__metadata__\":{\"a\":\"" + new string('x', 300_000)
            + "\",\"b\":\"" + new string('é', 70_000) + "\"},"
            + Entry("w", "U8", "[1]", "[0,1]") + "}";
        Assert.Single(SafetensorsHeader.Read(folder.Write("model.safetensors", Make(header, 1))).Tensors);
    }

    [Fact]
    public void CheckUnchanged_SeesTruncationRewriteAndReplacement()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("model.safetensors", Small());
        SafetensorsHeader header = SafetensorsHeader.Read(path);
        header.CheckUnchanged();

        var time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(folder["other"], Small());
        File.SetLastWriteTimeUtc(folder["other"], time);
        File.Move(folder["other"], path, overwrite: true);
        Assert.Equal(ModelFileProblem.Changed, Changed(header));

        header = SafetensorsHeader.Read(path);
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(file.Length - 1);
        Assert.Equal(ModelFileProblem.Changed, Changed(header));

        header = SafetensorsHeader.Read(folder.Write("model.safetensors", Small()));
        File.SetLastWriteTimeUtc(path, time.AddSeconds(5));
        Assert.Equal(ModelFileProblem.Changed, Changed(header));

        header = SafetensorsHeader.Read(path);
        File.Delete(path);
        Assert.Equal(ModelFileProblem.Changed, Changed(header));

        static ModelFileProblem Changed(SafetensorsHeader header) =>
            Assert.Throws<ModelFileException>(header.CheckUnchanged).Kind;
    }

    [Fact]
    public void TinyModels_AllPass()
    {
        string? models = SharedFiles.Find("corpora/tiny-models");
        Assert.SkipWhen(models is null, "0 of 104 tiny models: ../shared is absent");
        string[] files = Directory.GetFiles(models, "model*.safetensors", SearchOption.AllDirectories);
        foreach (string file in files)
            Assert.NotEmpty(SafetensorsHeader.Read(file).Tensors);
        Assert.True(files.Length >= 104, $"only {files.Length} models found");
    }
}
