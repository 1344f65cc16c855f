// Package jaegerstorage provides the storage of jaeger_query and jaeger_storage_exporter. This build supports Badger only:
// the other backends (Elasticsearch, Cassandra, ClickHouse, …) account for two thirds of what Jaeger compiles.
package jaegerstorage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jaegertracing/jaeger/internal/metrics"
	v1 "github.com/jaegertracing/jaeger/internal/storage/v1"
	"github.com/jaegertracing/jaeger/internal/storage/v1/badger"
	"github.com/jaegertracing/jaeger/internal/storage/v2/api/tracestore"
	store "github.com/jaegertracing/jaeger/internal/storage/v2/badger"
	"github.com/jaegertracing/jaeger/internal/telemetry"
)

// Config names the databases: jaeger_storage.backends.NAME.badger.
type Config struct {
	Backends map[string]Backend `mapstructure:"backends"`
}

// Backend is one database.
type Backend struct {
	Badger *badger.Config `mapstructure:"badger"`
}

// Unmarshal applies Badger's defaults before the configuration.
func (b *Backend) Unmarshal(conf *confmap.Conf) error {
	b.Badger = badger.DefaultConfig()
	return conf.Unmarshal(b)
}

// Validate refuses a configuration without a database.
func (c *Config) Validate() error {
	if len(c.Backends) == 0 {
		return errors.New("at least one storage is required")
	}
	return nil
}

type storageExt struct {
	config    *Config
	settings  component.TelemetrySettings
	factories map[string]tracestore.Factory
}

func newStorageExt(config *Config, settings component.TelemetrySettings) *storageExt {
	return &storageExt{config, settings, map[string]tracestore.Factory{}}
}

// Start opens every database.
func (s *storageExt) Start(_ context.Context, host component.Host) error {
	scope := telemetry.FromOtelComponent(s.settings, host).Metrics.Namespace(metrics.NSOptions{Name: "jaeger"})
	for name, backend := range s.config.Backends {
		tags := map[string]string{"name": name, "kind": "badger", "role": "tracestore"}
		measured := scope.Namespace(metrics.NSOptions{Name: "storage", Tags: tags})
		factory, err := store.NewFactory(*backend.Badger, measured, s.settings.Logger)
		if err != nil {
			return fmt.Errorf("storage %q cannot be opened: %w", name, err)
		}
		s.factories[name] = factory
	}
	return nil
}

// Shutdown closes every database.
func (s *storageExt) Shutdown(context.Context) error {
	var failed []error
	for _, factory := range s.factories {
		if closer, ok := factory.(io.Closer); ok {
			failed = append(failed, closer.Close())
		}
	}
	return errors.Join(failed...)
}

// GetTraceStoreFactory returns the database of this name from the host's extension of this type.
func GetTraceStoreFactory(name string, host component.Host) (tracestore.Factory, error) {
	for id, extension := range host.GetExtensions() {
		if found, ok := extension.(*storageExt); ok && id.Type() == componentType {
			if factory, ok := found.factories[name]; ok {
				return factory, nil
			}
		}
	}
	return nil, fmt.Errorf("%s has no storage %q", componentType, name)
}

// GetMetricStorageFactory always fails: this build has no metric storage, because Prometheus stores the metrics.
func GetMetricStorageFactory(name string, _ component.Host) (v1.MetricStoreFactory, error) {
	return nil, fmt.Errorf("this build of Jaeger has no metric storage, and the configuration names %q", name)
}
