"""Formulas as MathML, which browsers draw themselves: no script, and nothing fetched."""

from latex2mathml.converter import convert


def setup(app):
    """A renderer for `:math:` and `$`, of the name that html_math_renderer asks for."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.connect("config-inited", lambda app, config: setattr(config, "html_math_renderer", "mathml"))
    return {"parallel_read_safe": True}


def inline(self, node) -> None:
    """A formula within a sentence."""
    self.body.append(convert(node.astext()))
    from docutils import nodes

    raise nodes.SkipNode


def block(self, node) -> None:
    """A formula on lines of its own."""
    self.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>')
    from docutils import nodes

    raise nodes.SkipNode
