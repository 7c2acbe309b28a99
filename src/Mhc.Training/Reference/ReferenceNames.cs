using System.Text.RegularExpressions;

namespace Mhc.Training;

/// <summary>
/// The reference's state dict names one parameter up to three times, because one module is a member of several: the tied embedding, and
/// the branches, which are in their block and in the hyper-connection around them.
/// </summary>
internal static partial class ReferenceNames
{
    private static readonly (string Alias, string Path)[] Members =
    [
        ("attn_branch.norm.", "ln_1."), ("attn_branch.attn.", "attn."),
        ("hc_attn.branch.norm.", "ln_1."), ("hc_attn.branch.attn.", "attn."),
        ("hc_mlp.branch.0.", "ln_2."), ("hc_mlp.branch.1.", "mlp."),
    ];

    /// <summary>The name of docs/checkpoint-format.md for a name in a state dict; others stay as they are.</summary>
    public static string Canonical(string name)
    {
        name = name[Wrappers().Match(name).Length..];
        if (name == "transformer.wte.weight")
            return "lm_head.weight";
        Match block = Block().Match(name);
        if (block.Success)
        {
            string member = name[block.Length..];
            foreach ((string alias, string path) in Members)
            {
                if (member.StartsWith(alias, StringComparison.Ordinal))
                    return $"{block.Value}{path}{member[alias.Length..]}";
            }
        }
        return name;
    }

    // torch.compile wraps the model as _orig_mod, DistributedDataParallel as module.
    [GeneratedRegex(@"^(_orig_mod\.|module\.)*")]
    private static partial Regex Wrappers();

    [GeneratedRegex(@"^transformer\.h\.[0-9]+\.")]
    private static partial Regex Block();
}
