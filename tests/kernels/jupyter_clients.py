"""The kernel under the clients that people use: jupyter_kernel_test, and notebooks run by nbclient."""

import unittest

import jupyter_kernel_test
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook


class EbbKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "ebb"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    completion_samples = [{"text": "JSON.str", "matches": ["stringify"]}]
    complete_code_samples = ["1", "const x = 3", "function f() {\n  return 1;\n}", "await 5", "`a\nb`"]
    incomplete_code_samples = ["function f() {", "(1 +", "[1,", "`abc", "/* a"]
    invalid_code_samples = ["let x = ;", "1 1 )"]
    code_generate_error = "throw new Error('no')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "const a: number[] = [1, 2]; a", "result": "[ 1, 2 ]"},
    ]
    code_display_data = [
        {"code": "await Deno.jupyter.display(Deno.jupyter.html`<b>x</b>`)", "mime": "text/html"},
        {"code": "await Deno.jupyter.display(Deno.jupyter.svg`<svg></svg>`)", "mime": "image/svg+xml"},
    ]
    code_history_pattern = "6 * *"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "parseInt"
    code_clear_output = "Deno.jupyter.clear()"

    def test_pager(self):
        self.skipTest("pagers are IPython's: the kernel shows documentation where the client asks for it")


class NotebookTests(unittest.TestCase):
    def test_no_output_is_lost(self):
        """A value, prints, a display and a long text in turns, as Deno's own kernel loses them."""
        wanted = []
        cells = []
        for i in range(100):
            kind = i % 4
            if kind == 0:
                cells.append(f"{i} * 2")
                wanted.append([str(2 * i)])
            elif kind == 1:
                cells.append(f"for (let j = 0; j < 20; j++) console.log('line', {i}, j)")
                wanted.append(["".join(f"line {i} {j}\n" for j in range(20))])
            elif kind == 2:
                cells.append(f"await Deno.jupyter.display(Deno.jupyter.html`<b>{i}</b>`); {i}")
                wanted.append([f"<b>{i}</b>", str(i)])
            else:
                cells.append("'x'.repeat(100000)")
                wanted.append(['"' + "x" * 100000 + '"'])
        notebook = new_notebook(cells=[new_code_cell(text) for text in cells])
        NotebookClient(notebook, kernel_name="ebb", timeout=60).execute()
        for cell, texts in zip(notebook.cells, wanted):
            shown = []
            for output in cell.outputs:
                if output.output_type == "stream" and shown and isinstance(shown[-1], list):
                    shown[-1].append(output.text)
                elif output.output_type == "stream":
                    shown.append([output.text])
                else:
                    shown.append(output.data.get("text/html", output.data["text/plain"]))
            shown = ["".join(each) for each in shown]
            self.assertEqual(shown, texts, cell.source)


if __name__ == "__main__":
    unittest.main()
