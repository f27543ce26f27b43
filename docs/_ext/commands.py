"""The directive `memjax-commands`: every command and every option, from the settings' own types and docstrings."""

from docutils import nodes
from docutils.parsers.rst import Directive

from memjax.cli import COMMANDS
from memjax.cli.options import Option, about, grouped, options_of
from memjax.config.from_keywords import PURPOSES
from memjax.config.presets import PRESETS, SOURCES


def definition(option: Option) -> nodes.definition_list_item:
    """An option as a term and its meaning."""
    usage = f"{option.name} {option.takes}".rstrip()
    term = nodes.term("", "", nodes.literal(usage, usage))
    if option.default:
        term += nodes.Text(f"  default: {option.default}")
    return nodes.definition_list_item("", term, nodes.definition("", paragraph(option.about)))


def paragraph(text: str) -> nodes.paragraph:
    """A paragraph; what stands in backticks is set as code."""
    parts = [nodes.literal("", part) if at % 2 else nodes.Text(part) for at, part in enumerate(text.split("`"))]
    return nodes.paragraph("", "", *parts)


def section(title: str, *content: nodes.Node) -> nodes.section:
    """A section with a heading."""
    found = nodes.section("", nodes.title(text=title), *content, ids=[nodes.make_id(title)])
    found["names"] = [title.lower()]
    return found


def listed(options: list[Option]) -> nodes.definition_list:
    return nodes.definition_list("", *map(definition, options))


class Commands(Directive):
    """All commands of `memjax`, with all their options."""

    def run(self) -> list[nodes.Node]:
        groups = [section(title, listed(options)) for title, options in grouped()]
        presets = [
            nodes.definition_list_item(
                "",
                nodes.term("", "", nodes.literal(name, name)),
                nodes.definition("", _sources(name)),
            )
            for name in PRESETS
        ]
        found = [section("memjax run", nodes.paragraph(text="The main command; run may be left out."), *groups)]
        purposes = [
            nodes.definition_list_item(
                "",
                nodes.term("", "", nodes.literal(f"--for {name}", f"--for {name}")),
                nodes.definition("", paragraph(f"`--design {each.design} --subset-fraction {each.subset_fraction:g}`")),
            )
            for name, each in PURPOSES.items()
        ]
        found.append(section("Purposes", nodes.definition_list("", *purposes)))
        found.append(section("Presets", nodes.definition_list("", *presets)))
        for name, command in COMMANDS.items():
            if name != "run":
                found.append(section(f"memjax {name}", paragraph(about(command)), listed([*options_of(command)])))
        return found


def _sources(name: str) -> nodes.bullet_list:
    config = PRESETS[name]
    about = f"{config.data.dataset}, {config.model.model}, {config.train.epochs} epochs, {config.num_models:,} models"
    lines = [about, *(f"{what}: {source}" for what, source in SOURCES[name].items())]
    return nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph(text=line)) for line in lines))


def setup(app):
    app.add_directive("memjax-commands", Commands)
    return {"parallel_read_safe": True}
