# tests: what crosses a folder
