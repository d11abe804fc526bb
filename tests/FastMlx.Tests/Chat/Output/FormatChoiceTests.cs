using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

public sealed class FormatChoiceTests
{
    private static readonly HashSet<string> NoTokens = [];

    [Theory]
    [InlineData("Qwen3-Coder", "qwen3_coder")]
    [InlineData("Qwen3.5-4B", "qwen3_coder")]
    [InlineData("qwen3.6-35B-A3B", "qwen3_coder")]
    [InlineData("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "qwen3_coder")]
    [InlineData("StepFun3.5-Flash", "qwen3_coder")]
    [InlineData("Qwen-Qwen3-0.6B", "hermes_json")]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", "hermes_json")]
    [InlineData("Qwen-QwQ-32B", "hermes_json")]
    [InlineData("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "hermes_json")]
    [InlineData("Reka-Edge", "hermes_json")]
    [InlineData("GLM-4.6", "glm")]
    [InlineData("GLM-4.7-Flash", "glm")]
    [InlineData("ollama-laguna_v8_chat_template", "glm")]
    [InlineData("ByteDance-Seed-OSS", "seed_oss")]
    [InlineData("unsloth-MiniMax-M2", "minimax_m2")]
    [InlineData("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek_r1")]
    [InlineData("trl-deepseekv3", "deepseek_r1")]
    [InlineData("deepseek-ai-DeepSeek-V3.1", "deepseek_v31")]
    [InlineData("deepseek-ai-DeepSeek-V3.2", "deepseek_dsml")]
    [InlineData("deepseek-ai-DeepSeek-V4", "deepseek_dsml")]
    [InlineData("Kimi-K2-Thinking", "kimi_k2")]
    [InlineData("Kimi-K3", "kimi_k3_xtml")]
    [InlineData("mistralai-Ministral-3-14B-Reasoning-2512", "mistral")]
    [InlineData("unsloth-mistral-Devstral-Small-2507", "mistral")]
    [InlineData("mistralai-Mistral-Nemo-Instruct-2407", "mistral_list")]
    [InlineData("openai-gpt-oss-120b", "gpt_oss")]
    [InlineData("meta-llama-Llama-3.1-8B-Instruct", "llama3_json")]
    [InlineData("meta-llama-Llama-3.2-3B-Instruct", "llama3_json")]
    [InlineData("LFM2-8B-A1B", "pythonic")]
    [InlineData("LFM2.5-Instruct", "pythonic")]
    [InlineData("vllm-tool_chat_template_llama4_pythonic", "pythonic_bare")]
    [InlineData("google-gemma-4-31B-it", "gemma4")]
    [InlineData("ibm-granite-granite-3.3-2B-Instruct", "granite3")]
    [InlineData("NVIDIA-Nemotron-Nano-v2", "nemotron_nano_v2")]
    [InlineData("CohereForAI-c4ai-command-r7b-12-2024-tool_use", "cohere")]
    [InlineData("CohereForAI-c4ai-command-r-plus-tool_use", "cohere")]
    [InlineData("Apertus-8B-Instruct", "apertus")]
    [InlineData("Apriel-1.6-15b-Thinker-fixed", "apriel")]
    [InlineData("hfjs-ai21labs-AI21-Jamba-Large-1.6", "jamba")]
    [InlineData("vllm-tool_chat_template_hunyuan_a13b", "hunyuan_a13b")]
    [InlineData("meetkai-functionary-medium-v3.1", "functionary_v31")]
    [InlineData("meetkai-functionary-medium-v3.2", "functionary_v32")]
    [InlineData("fireworks-ai-llama-3-firefunction-v2", "functools")]
    [InlineData("GigaChat3-10B-A1.8B", "gigachat3")]
    [InlineData("GigaChat3.1-10B-A1.8B", "gigachat31")]
    [InlineData("mlxserve-inkling_chat_template", "inkling")]
    [InlineData("ollama-glimmer_chat_template", "glimmer_atem")]
    [InlineData("mlxopenai-Longcat-Flash-Lite", "longcat")]
    public void Template_ChoosesItsFormat(string template, string expected)
    {
        string? path = Vectors.Path(Path.Combine("chat-templates", "templates", template + ".jinja"));
        Assert.SkipUnless(path is not null, "shared/corpora/chat-templates is not there: 48 templates not looked at");
        Assert.Equal(expected, OutputFormat.Choose(File.ReadAllText(path!), NoTokens, null).Name);
    }

    [Fact]
    public void Override_Decides_AndAnUnknownOneThrows()
    {
        Assert.Equal("glm", OutputFormat.Choose("<tool_call>", NoTokens, "glm47").Name);
        Assert.Throws<ArgumentException>(() => OutputFormat.Choose("", NoTokens, "nonsense"));
    }

    [Fact]
    public void Tokens_Decide_WhereTheTemplateSaysNothing() =>
        Assert.Equal("gpt_oss", OutputFormat.Choose("{{ messages }}", new HashSet<string> { "<|channel|>" }, null).Name);

    [Fact]
    public void Format_NeedsItsTokens_AndNoOthers()
    {
        Assert.True(OutputFormat.Find("gpt_oss")!.NeedsToken("<|channel|>"));
        Assert.True(OutputFormat.Find("mistral")!.NeedsToken("[TOOL_CALLS]"));
        Assert.True(OutputFormat.Find("deepseek_dsml")!.NeedsToken("｜DSML｜"));
        Assert.False(OutputFormat.Find("hermes_json")!.NeedsToken("<|fim_middle|>"));
    }
}
