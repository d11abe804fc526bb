namespace FastMlx.Chat.Templates;

/// <summary>Which environment a template was written for.</summary>
public enum TemplateDialect
{
    /// <summary>transformers' ImmutableSandboxedEnvironment.</summary>
    HuggingFace,

    /// <summary>The same with from_json and with lists and dicts that may be changed, as llama.cpp allows.</summary>
    Extended,
}
