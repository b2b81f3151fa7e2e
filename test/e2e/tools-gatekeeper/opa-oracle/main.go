// Command opa-oracle reads one JSON object a line, and answers each with one: what OPA, as Gatekeeper calls it, says of the
// modules of a template and of an object. With `rounds` it says how much processor time one evaluation takes instead.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

type module struct {
	File string `json:"file"`
	Text string `json:"text"`
	// Stands for the package that the text names.
	Package string `json:"package"`
}

type asked struct {
	Modules []module `json:"modules"`
	Version string   `json:"version"`
	Query   string   `json:"query"`
	// Numbers of the review are float64, integers of the parameters int64: Gatekeeper decodes them so.
	Reviews    []json.RawMessage `json:"reviews"`
	Parameters json.RawMessage   `json:"parameters"`
	Rounds     int               `json:"rounds"`
}

type answer struct {
	// Why the modules are no policy.
	Refused string `json:"refused,omitempty"`
	// One for each review.
	Said []said `json:"said,omitempty"`
	// Of one compilation, and of one evaluation of each review.
	CompileNs  int64 `json:"compileNs,omitempty"`
	EvaluateNs int64 `json:"evaluateNs,omitempty"`
}

type said struct {
	Error string `json:"error,omitempty"`
	// The text in JSON; absent: undefined.
	Value string `json:"value,omitempty"`
}

var ctx = context.Background()

func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func compile(question asked) (*ast.Compiler, error) {
	version := ast.RegoV0
	if question.Version == "v1" {
		version = ast.RegoV1
	}
	capabilities := ast.CapabilitiesForThisVersion()
	modules := map[string]*ast.Module{}
	for _, source := range question.Modules {
		options := ast.ParserOptions{RegoVersion: version, Capabilities: capabilities}
		parsed, err := ast.ParseModuleWithOpts(source.File, source.Text, options)
		if err != nil {
			return nil, err
		}
		if source.Package != "" {
			parsed.Package.Path = ast.MustParseRef(source.Package)
		}
		modules[source.File] = parsed
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities)
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

// Integers as int64, as the constraint of an unstructured object holds them.
func integers(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, item := range typed {
			typed[key] = integers(item)
		}
	case []any:
		for at, item := range typed {
			typed[at] = integers(item)
		}
	case json.Number:
		if whole, err := typed.Int64(); err == nil {
			return whole
		}
		number, _ := typed.Float64()
		return number
	}
	return value
}

func parameters(text json.RawMessage) (ast.Value, error) {
	var value any = map[string]any{}
	if len(text) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		value = integers(value)
	}
	return ast.InterfaceToValue(value)
}

func evaluate(query rego.PreparedEvalQuery, text json.RawMessage, constraint ast.Value) said {
	var review any
	if err := json.Unmarshal(text, &review); err != nil {
		return said{Error: err.Error()}
	}
	value, err := ast.InterfaceToValue(review)
	if err != nil {
		return said{Error: err.Error()}
	}
	input := ast.NewObject(
		ast.Item(ast.StringTerm("review"), ast.NewTerm(value)),
		ast.Item(ast.StringTerm("parameters"), ast.NewTerm(constraint)),
	)
	result, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(time.Unix(1_700_000_000, 0)))
	if err != nil {
		return said{Error: err.Error()}
	}
	if len(result) == 0 {
		return said{}
	}
	written, err := json.Marshal(result[0].Expressions[0].Value)
	if err != nil {
		return said{Error: err.Error()}
	}
	return said{Value: string(written)}
}

func judge(question asked) (told answer) {
	// OPA panics on some policies that its parser reads.
	defer func() {
		if fault := recover(); fault != nil {
			told = answer{Refused: fmt.Sprintf("panic: %v", fault)}
		}
	}()
	compiler, err := compile(question)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	query, err := rego.New(rego.Compiler(compiler), rego.Query(question.Query)).PrepareForEval(ctx)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	constraint, err := parameters(question.Parameters)
	if err != nil {
		log.Fatal(err)
	}
	if question.Rounds > 0 {
		return measure(question, query, constraint)
	}
	for _, review := range question.Reviews {
		told.Said = append(told.Said, evaluate(query, review, constraint))
	}
	return told
}

func measure(question asked, query rego.PreparedEvalQuery, constraint ast.Value) answer {
	round := func() {
		for _, review := range question.Reviews {
			evaluate(query, review, constraint)
		}
	}
	for range question.Rounds / 4 {
		round()
	}
	before := cpu()
	for range question.Rounds {
		round()
	}
	evaluated := (cpu() - before) / int64(question.Rounds)
	const compilations = 20
	before = cpu()
	for range compilations {
		if _, err := compile(question); err != nil {
			log.Fatal(err)
		}
	}
	return answer{EvaluateNs: evaluated, CompileNs: (cpu() - before) / compilations}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var question asked
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			log.Fatal(fmt.Errorf("a line is no question: %w", err))
		}
		if err := out.Encode(judge(question)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
