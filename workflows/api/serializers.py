"""Shapes of workflows, versions and variables."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.common.serializers import StrictSerializer, Text, Time
from workflows.api.fields import DefinitionField, Json, JsonObject, Slug, Tags
from workflows.models import Variable, Version, Workflow
from workflows.services.exchange import FORMATS

VARIABLE_NAME = r"^[a-z_][a-z0-9_]*\Z"


class DefinitionProblemSerializer(StrictSerializer):
    """One thing wrong with a document."""

    pointer = serializers.CharField(help_text="RFC 6901, into the definition.")
    code = serializers.CharField()
    detail = serializers.CharField()


class DraftSerializer(StrictSerializer):
    definition = JsonObject()
    problems = DefinitionProblemSerializer(many=True)


class WorkflowSummarySerializer(StrictSerializer):
    """A workflow as lists show it: without its draft."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(Workflow.Status.choices)
    published_version = serializers.IntegerField(allow_null=True)
    created_at = Time()
    updated_at = Time()


class WorkflowSerializer(WorkflowSummarySerializer):
    """A workflow with its draft. `problems` do not keep the draft from being saved, but from being published."""

    draft = DraftSerializer()

    def to_representation(self, instance: Workflow) -> dict[str, Any]:
        shown = WorkflowSummarySerializer(instance).data
        return {**shown, "draft": {"definition": instance.draft, "problems": instance.problems}}


class NewWorkflowSerializer(StrictSerializer):
    name = Text()
    slug = Slug(required=False, help_text="Made from the name when left out.")
    description = Text(max_length=10_000, required=False, allow_blank=True, default="")
    tags = Tags(required=False)
    definition = DefinitionField(required=False)


class ChangedWorkflowSerializer(StrictSerializer):
    name = Text(required=False)
    slug = Slug(required=False)
    description = Text(max_length=10_000, required=False, allow_blank=True)
    tags = Tags(required=False)
    definition = DefinitionField(required=False)


class WorkflowQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(required=False, max_length=200, help_text="Part of the name or slug.")
    status = serializers.ChoiceField(Workflow.Status.choices, required=False)
    tag = serializers.CharField(required=False, max_length=60)


class ValidateSerializer(StrictSerializer):
    definition = Json()


class ValidatedProblemSerializer(DefinitionProblemSerializer):
    blocks = serializers.ChoiceField(
        ["save", "publish"], help_text="What the problem keeps from being done; `save` includes `publish`."
    )


class ValidationSerializer(StrictSerializer):
    valid = serializers.BooleanField(help_text="It could be published as it is.")
    problems = ValidatedProblemSerializer(many=True)


class ImportSerializer(StrictSerializer):
    """What `export` gives out. A bare definition is taken too."""

    name = Text(required=False)
    description = Text(max_length=10_000, required=False, allow_blank=True)
    tags = Tags(required=False)
    definition = DefinitionField()


class ExportedSerializer(StrictSerializer):
    name = serializers.CharField()
    description = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    definition = JsonObject()


class ExportQuerySerializer(serializers.Serializer[Any]):
    format = serializers.ChoiceField(FORMATS, default="json")
    version = serializers.RegexField(
        r"^(?:draft|published|[1-9][0-9]{0,8})\Z",
        default="draft",
        help_text="`draft`, `published` or a number.",
    )


class PublishSerializer(StrictSerializer):
    note = Text(max_length=2_000, required=False, allow_blank=True, default="", help_text="What changed.")


class VersionSummarySerializer(serializers.ModelSerializer[Version]):
    """A version as lists show it."""

    created_by = serializers.EmailField(source="created_by.email", allow_null=True, default=None)
    created_at = Time()
    published = serializers.SerializerMethodField(help_text="Whether triggers run this one.")

    class Meta:
        model = Version
        fields = ("number", "note", "created_by", "created_at", "published")
        read_only_fields = fields

    def get_published(self, version: Version) -> bool:
        return bool(self.context["published_version"] == version.number)


class VersionSerializer(VersionSummarySerializer):
    """A version with its definition."""

    definition = serializers.SerializerMethodField()

    class Meta(VersionSummarySerializer.Meta):
        fields = (*VersionSummarySerializer.Meta.fields, "definition")  # type: ignore[assignment] # one more
        read_only_fields = fields  # type: ignore[assignment]

    def get_definition(self, _version: Version) -> dict[str, Any]:
        found: dict[str, Any] = self.context["definition"]
        return found


class ChangeSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="Where, within what changed.")
    to = Json()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": Json()}


class ChangedNodeSerializer(StrictSerializer):
    id = serializers.CharField()
    changes = ChangeSerializer(many=True)


class NodesDiffSerializer(StrictSerializer):
    added = serializers.ListField(child=JsonObject())
    removed = serializers.ListField(child=JsonObject())
    changed = ChangedNodeSerializer(many=True)


class EdgesDiffSerializer(StrictSerializer):
    added = serializers.ListField(child=JsonObject())
    removed = serializers.ListField(child=JsonObject())


class DiffSerializer(StrictSerializer):
    """What changed from one definition to another."""

    nodes = NodesDiffSerializer()
    edges = EdgesDiffSerializer()
    settings = ChangeSerializer(many=True)


class VariableSerializer(serializers.ModelSerializer[Variable]):
    value = Json()
    created_at = Time()
    updated_at = Time()

    class Meta:
        model = Variable
        fields = ("id", "name", "value", "created_at", "updated_at")
        read_only_fields = fields


class NewVariableSerializer(StrictSerializer):
    name = serializers.RegexField(
        VARIABLE_NAME,
        max_length=63,
        trim_whitespace=False,
        help_text="As expressions name it: `vars.<name>`.",
    )
    value = Json()


class ChangedVariableSerializer(StrictSerializer):
    value = Json()
