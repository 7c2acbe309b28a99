using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.Build.Utilities;

/// <summary>Build task of OpenMlNet.targets: copies an assembly; in the copy the named types, their methods and fields are public.</summary>
public class OpenTypes : Task
{
    // ECMA-335 II.23.1: the low three bits of the Flags column say who may see a type, a field, a method.
    private const byte AccessMask = 7, PublicType = 1, PublicMember = 6;

    public string SourceFile { get; set; }

    public string TargetFile { get; set; }

    public string[] Types { get; set; }

    public override bool Execute()
    {
        byte[] image = File.ReadAllBytes(SourceFile);
        using (var pe = new PEReader(new MemoryStream((byte[])image.Clone())))
        {
            MetadataReader metadata = pe.GetMetadataReader();
            foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
            {
                TypeDefinition type = metadata.GetTypeDefinition(handle);
                if (!Types.Contains(metadata.GetString(type.Namespace) + "." + metadata.GetString(type.Name)))
                    continue;
                Open(TableIndex.TypeDef, handle, flagsAt: 0, PublicType);
                foreach (MethodDefinitionHandle method in type.GetMethods())
                    Open(TableIndex.MethodDef, method, flagsAt: 6, PublicMember);
                foreach (FieldDefinitionHandle field in type.GetFields())
                    Open(TableIndex.Field, field, flagsAt: 0, PublicMember);
            }

            void Open(TableIndex table, EntityHandle row, int flagsAt, byte access)
            {
                int at = pe.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(table)
                    + (MetadataTokens.GetRowNumber(row) - 1) * metadata.GetTableRowSize(table) + flagsAt;
                image[at] = (byte)((image[at] & ~AccessMask) | access);
            }
        }
        File.WriteAllBytes(TargetFile, image);
        return true;
    }
}
