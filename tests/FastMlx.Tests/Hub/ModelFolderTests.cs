using System.Text;
using FastMlx.Hub;
using Xunit;
using static FastMlx.Tests.Hub.SafetensorsBytes;

namespace FastMlx.Tests.Hub;

public sealed class ModelFolderTests
{
    [Fact]
    public void Folder_GivesItsFacts()
    {
        using TemporaryFolder folder = Minimal(
            """
            {"model_type":"mistral","max_position_embeddings":4096,"num_hidden_layers":3,"hidden_size":64,
             "num_attention_heads":4,"num_key_value_heads":2,"eos_token_id":2,"bos_token_id":1,"vocab_size":96,
             "quantization":{"group_size":32,"bits":4,"model.embed_tokens":{"group_size":64,"bits":6},"model.x":false}}
            """);
        folder.Write("generation_config.json",
            """{"eos_token_id":[7,8],"temperature":0.7,"top_p":0.8,"top_k":20,"min_p":0}""");
        ModelFolder model = ModelFolder.Open(folder.Path);
        Assert.Equal("llama", model.Config.ModelType);
        Assert.Equal("mistral", model.Config.DeclaredType);
        Assert.Equal(4096, model.Config.ContextLength);
        Assert.Equal([7, 8], model.Config.EosTokens);
        Assert.Equal(1, model.Config.BosToken);
        Assert.Equal(16, model.Config.HeadDim);
        Assert.Equal(0.7f, model.Config.Generation.Temperature);
        Assert.Equal(20, model.Config.Generation.TopK);
        Assert.Equal(0f, model.Config.Generation.MinP);
        Assert.Equal(new QuantizationSpec(32, 4, "affine"), model.Config.Quantization.Of("model.layers.0.mlp.up_proj"));
        Assert.Equal(new QuantizationSpec(64, 6, "affine"), model.Config.Quantization.Of("model.embed_tokens"));
        Assert.Null(model.Config.Quantization.Of("model.x"));
        Assert.Equal(16, model.WeightBytes);
        Assert.Null(model.ChatTemplate);
        Assert.NotNull(model.TokenizerJson);
        model.CheckUnchanged();
    }

    [Theory]
    [InlineData("""{"model_type":"qwen2","eos_token_id":[3,4]}""", null, new[] { 3, 4 })]
    [InlineData("""{"model_type":"qwen2","eos_token_id":3}""", """{"eos_token_id":null}""", new[] { 3 })]
    [InlineData("""{"model_type":"qwen2","eos_token_id":3}""", """{"eos_token_id":9}""", new[] { 9 })]
    [InlineData("""{"model_type":"gemma3","text_config":{"eos_token_id":5}}""", "{}", new[] { 5 })]
    [InlineData("""{"model_type":"qwen2"}""", "{}", new int[0])]
    public void EosIds_ComeFromGenerationConfigFirst(string config, string? generation, int[] expected)
    {
        using TemporaryFolder folder = Minimal(config);
        if (generation is not null)
            folder.Write("generation_config.json", generation);
        Assert.Equal(expected, ModelFolder.Open(folder.Path).Config.EosTokens);
    }

    [Theory]
    [InlineData("qwen3", 40960, null, 0, 0, 40960)]
    [InlineData("qwen2", 32768, "yarn", 4, 32768, 131072)]
    [InlineData("qwen2", 32768, "yarn", 4, 0, 32768)]
    [InlineData("gpt_oss", 131072, "yarn", 32, 4096, 131072)]
    [InlineData("llama", 131072, "llama3", 8, 8192, 131072)]
    [InlineData("llama", 4096, "dynamic", 2, 0, 8192)]
    [InlineData("llama", 16384, "linear", 4, 0, 16384)]
    [InlineData("qwen3_moe", 40960, "yarn", 4, 32768, 40960)]
    [InlineData("gemma3", 131072, "linear", 8, 0, 131072)]
    [InlineData("mistral3", 262144, "yarn", 16, 16384, 262144)]
    [InlineData("llama", 2048, "yarn", 1e30, 2048, 2048)]
    [InlineData("llama", 2048, "yarn", -4, 2048, 2048)]
    public void ContextLength_FollowsTheConfiguration(string type, int length, string? rope, double factor,
        int original, int expected)
    {
        string from = original > 0 ? $",\"original_max_position_embeddings\":{original}" : "";
        string scaling = rope is null ? "null" : $"{{\"rope_type\":\"{rope}\",\"factor\":{factor:R}{from}}}";
        string body = $"\"max_position_embeddings\":{length},\"rope_scaling\":{scaling}";
        using TemporaryFolder flat = Minimal($"{{\"model_type\":\"{type}\",{body}}}");
        Assert.Equal(expected, ModelFolder.Open(flat.Path).Config.ContextLength);
        using TemporaryFolder nested = Minimal($"{{\"model_type\":\"{type}\",\"text_config\":{{{body}}}}}");
        Assert.Equal(expected, ModelFolder.Open(nested.Path).Config.ContextLength);
    }

    [Fact]
    public void ContextLength_MayBeUnknown()
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"x"}""");
        Assert.Null(ModelFolder.Open(folder.Path).Config.ContextLength);
    }

    [Fact]
    public void PythonNumbers_AreRead()
    {
        using TemporaryFolder folder = Minimal(
            """
            {"model_type":"nemotron_h","note":"Infinity and NaN","time_step_limit":[0.0,Infinity],"x":-Infinity,"y":NaN}
            """);
        Assert.Equal("nemotron_h", ModelFolder.Open(folder.Path).Config.ModelType);
    }

    [Theory]
    [InlineData("config.json", ModelFileProblem.Missing)]
    [InlineData("model.safetensors", ModelFileProblem.Missing)]
    [InlineData("tokenizer.json", ModelFileProblem.Missing)]
    public void MissingFile_IsNamed(string file, ModelFileProblem kind)
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"llama"}""");
        File.Delete(folder[file]);
        ModelFileException e = Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path));
        Assert.Equal(kind, e.Kind);
        Assert.Contains(Path.GetFileNameWithoutExtension(file), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"model_type\":\"a\",\"model_type\":\"b\"}")]
    [InlineData("{\"model_type\":\"\\ud800\"}")]
    [InlineData("{\"\\ud800\":1,\"model_type\":\"a\",\"quantization\":{\"\\udc00\":{}}}")]
    public void DamagedConfig_IsATypedError(string config)
    {
        using TemporaryFolder folder = Minimal(config);
        ModelFileException e = Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path));
        Assert.Equal(ModelFileProblem.NotJson, e.Kind);
    }

    [Fact]
    public void UnsupportedType_IsRefused()
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"whisper"}""");
        ModelFileException e = Assert.Throws<ModelFileException>(
            () => ModelFolder.Open(folder.Path, type => type == "llama"));
        Assert.Equal(ModelFileProblem.NotSupported, e.Kind);
        Assert.Contains("whisper", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Index_MustAgreeWithTheFiles()
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"llama"}""");
        File.Delete(folder["model.safetensors"]);
        folder.Write("model-00001-of-00002.safetensors", Small("a"));
        folder.Write("model-00002-of-00002.safetensors", Small("b"));
        Index("a", 1, "b", 2);
        Assert.Equal(2, ModelFolder.Open(folder.Path).Weights.Count);
        Index("a", 2, "b", 2);
        Assert.Equal(ModelFileProblem.Inconsistent, Kind());
        Index("a", 1, "c", 2);
        Assert.Equal(ModelFileProblem.Inconsistent, Kind());
        Index("a", 1, "b", 2, "c", 3);
        Assert.Equal(ModelFileProblem.Missing, Kind());
        folder.Write("model.safetensors.index.json", """{"weight_map":{"a":"../model.safetensors"}}""");
        Assert.Equal(ModelFileProblem.NotJson, Kind());
        folder.Write("model.safetensors.index.json", """{"weight_map":{"a":7}}""");
        Assert.Equal(ModelFileProblem.NotJson, Kind());

        ModelFileProblem Kind() => Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Kind;

        void Index(params object[] pairs) => folder.Write("model.safetensors.index.json",
            "{\"weight_map\":{" + string.Join(',', pairs.Chunk(2)
                .Select(p => $"\"{p[0]}\":\"model-0000{p[1]}-of-00002.safetensors\"")) + "}}");
    }

    [Fact]
    public void TensorInTwoFiles_IsRefused()
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"llama"}""");
        folder.Write("model-2.safetensors", Small());
        Assert.Equal(ModelFileProblem.Inconsistent,
            Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path)).Kind);
    }

    [Fact]
    public void Fingerprint_ChangesWithConfigHeaderAndData()
    {
        using TemporaryFolder folder = Minimal("""{"model_type":"llama"}""");
        var seen = new HashSet<string> { Fingerprint() };
        Assert.False(seen.Add(Fingerprint()), "the same folder must have the same fingerprint");
        folder.Write("config.json", """{"model_type":"llama" }""");
        Assert.True(seen.Add(Fingerprint()));
        folder.Write("model.safetensors", Small("v"));
        Assert.True(seen.Add(Fingerprint()));
        byte[] tuned = Small("v");
        tuned[^8] ^= 1;
        folder.Write("model.safetensors", tuned);
        Assert.True(seen.Add(Fingerprint()), "a fine-tune has the same header and other data");

        string Fingerprint() => ModelFolder.Open(folder.Path).Fingerprint;
    }

    [Fact]
    public void TinyModels_AllOpen()
    {
        string? models = SharedFiles.Find("corpora/tiny-models");
        Assert.SkipWhen(models is null, "0 of 104 tiny models: ../shared is absent");
        string[] folders = Directory.GetDirectories(models);
        var prints = new HashSet<string>();
        foreach (string folder in folders)
        {
            ModelFolder model = ModelFolder.OpenWeights(folder);
            Assert.NotNull(model.Config.ContextLength);
            Assert.NotNull(model.Config.Layers);
            prints.Add(model.Fingerprint);
        }
        Assert.Equal(104, folders.Length);
        Assert.Equal(104, prints.Count);
    }

    [Fact]
    public void DemoModel_Opens()
    {
        string? demo = SharedFiles.Find("demo-model/model");
        Assert.SkipWhen(demo is null, "0 of 1 demo model: ../shared is absent");
        ModelFolder model = ModelFolder.Open(demo);
        Assert.Equal([2043, 2041], model.Config.EosTokens);
        Assert.Equal(131072, model.Config.ContextLength);
        Assert.Equal(new QuantizationSpec(64, 8, "affine"), model.Config.Quantization.Default);
        Assert.NotNull(model.ChatTemplate);
    }

    [Fact]
    public void DamagedJson_NeverThrowsAnythingElse()
    {
        using TemporaryFolder folder = Minimal("{}");
        byte[] config = Encoding.UTF8.GetBytes(
            """
            {"model_type":"a","text_config":{"max_position_embeddings":1},"quantization":{"bits":4,"a.b":{"bits":2}},
            "eos_token_id":[1,2],"layer_types":["full_attention"],"x":NaN,"s":"\u00e9é"}
            """);
        var random = new Random(3);
        int opened = 0;
        for (int i = 0; i < 1_000; i++)
        {
            byte[] damaged = [.. config];
            for (int changes = 1 + random.Next(3); changes > 0; changes--)
                damaged[random.Next(damaged.Length)] = (byte)"\"{}[]:,\\0aN-Iu\xFF"[random.Next(15)];
            folder.Write("config.json", damaged);
            try
            {
                ModelFolder.Open(folder.Path);
                opened++;
            }
            catch (ModelFileException)
            {
                // As promised.
            }
        }
        Assert.InRange(opened, 30, 970);
    }

    private static TemporaryFolder Minimal(string config)
    {
        var folder = new TemporaryFolder();
        folder.Write("config.json", config);
        folder.Write("model.safetensors", Small());
        folder.Write("tokenizer.json", "{}");
        return folder;
    }
}
