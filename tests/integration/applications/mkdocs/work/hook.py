def on_page_markdown(markdown, page, config, files):
    return markdown.replace("HOOK", f"hooked {page.file.src_uri}")
